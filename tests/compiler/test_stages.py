import cirq
import pytest

from qpbae_tn.compiler.gates import Stage, stage_of, tagged

LEFT, RIGHT = cirq.LineQubit.range(2)


def test_tagged_replaces_the_stage_and_keeps_other_tags() -> None:
    circuit = tagged([cirq.X(LEFT).with_tags("mine", Stage.ENCODER), cirq.CZ(LEFT, RIGHT)], Stage.READOUT)
    assert [stage_of(operation) for operation in circuit.all_operations()] == [Stage.READOUT] * 2
    assert "mine" in next(circuit.all_operations()).tags


@pytest.mark.parametrize("stage", Stage)
def test_stage_survives_cirq_json(stage: Stage) -> None:
    circuit = tagged(cirq.X(LEFT), stage)
    read = cirq.read_json(json_text=cirq.to_json(circuit))
    assert read == circuit
    assert stage_of(next(read.all_operations())) is stage


@pytest.mark.parametrize("tags", [(), ("other",), (Stage.ENCODER, Stage.READOUT)])
def test_stage_of_wants_exactly_one(tags: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="instead of one"):
        stage_of(cirq.X(LEFT).with_tags(*tags))
