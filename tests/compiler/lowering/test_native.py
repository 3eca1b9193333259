import cirq
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.circuits import symbols
from qpbae_tn.compiler.gates import Stage, real_gates, stage_of, tagged
from qpbae_tn.compiler.lowering.native import _Native, _Numeric, cz_sequence, lower_to, to_native
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES, WRITE_REAL
from qpbae_tn.compiler.lowering.schedule import scheduled
from qpbae_tn.compiler.passes import Checks, Pass, UntilStable, run, transformed
from qpbae_tn.compiler.pipeline import put_in
from qpbae_tn.compiler.placement.place import place_on
from qpbae_tn.compiler.preparation.protocol import NoPreparation
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.readouts import get_readout
from qpbae_tn.compiler.reductions import LITERAL
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.compiler.targets.target import NativeGate
from qpbae_tn.model.specification import ModelSpecification

TARGETS = [
    ("willow_pink", NativeGate.CZ),
    ("weber", NativeGate.SYC),
    ("weber", NativeGate.SQRT_ISWAP),
    ("rainbow", NativeGate.SYC),
    ("rainbow", NativeGate.SQRT_ISWAP),
]


def destructive(patch_size, bottleneck):
    """The test circuit with the reset as a relabelling and a destructive SWAP test, in real gates."""
    model = ModelSpecification.build(patch_size, 1, bottleneck)
    drawn = get_readout("destructive").program(model, symbols(model.ansatz))
    return transformed(drawn, (*LITERAL, put_in(NoPreparation())))


SIMPLIFY = UntilStable(ALL_RULES)


@pytest.mark.parametrize(
    ("patch_size", "bottleneck", "literal", "reduced"),
    [(4, 1, (10, 7), (7, 4)), (8, 2, (16, 11), (10, 5)), (16, 2, (22, 15), (14, 7))],
)
def test_counts_of_the_destructive_readout(patch_size, bottleneck, literal, reduced):
    """The rules alone find what the reductions find."""
    program = destructive(patch_size, bottleneck)
    for rules, (gates, depth) in ((LITERAL_RULES, literal), (ALL_RULES, reduced)):
        circuit = scheduled(transformed(program, (UntilStable(rules),)))
        layers = [moment for moment in circuit if any(op.gate == cirq.CZ for op in moment)]
        assert sum(map(len, layers)) == gates
        assert len(layers) <= depth


@pytest.mark.parametrize(("name", "native"), TARGETS)
def test_lowered_programs_pass_their_device(name, native):
    target = load_target(name, native)
    program = destructive(4, 1)
    lowered, log = run(program, (SIMPLIFY, place_on(target), SIMPLIFY, lower_to(target)), Checks())
    circuit = lowered.moments
    target.device.validate_circuit(circuit)
    assert log[-1].check.deviation < 1e-12
    assert log[-1].two_qubit_gates == 7 * native.uses_per_cz
    assert log[-1].two_qubit_depth == 4 * native.uses_per_cz
    kinds = [{_kind(op) for op in moment} for moment in circuit]
    assert all(len(kind) == 1 for kind in kinds)
    assert [index for index, kind in enumerate(kinds) if kind == {"measurement"}] == [len(kinds) - 1]
    assert all(stage_of(op) for op in lowered.operations)
    assert lowered.symbols == transformed(program, (SIMPLIFY,)).symbols


def _kind(operation):
    if cirq.is_measurement(operation):
        return "measurement"
    return "two" if len(operation.qubits) == 2 else type(operation.gate).__name__


def test_symbols_survive_google_s_serializer():
    import cirq_google

    target = load_target("weber")
    lowered = transformed(destructive(4, 1), (SIMPLIFY, place_on(target), lower_to(target))).moments
    serializer = cirq_google.CIRCUIT_SERIALIZER
    again = serializer.deserialize(serializer.serialize(lowered))
    values = {name: 0.1 * index for index, name in enumerate(sorted(cirq.parameter_names(lowered)))}
    bound = [cirq.resolve_parameters(version, values) for version in (lowered, again)]
    for first, second in zip(*(version.all_operations() for version in bound), strict=True):
        assert first.qubits == second.qubits
        if cirq.has_unitary(first):
            # coefficients of symbols travel in single precision
            np.testing.assert_allclose(cirq.unitary(first), cirq.unitary(second), atol=1e-6)


@pytest.mark.parametrize("native", list(NativeGate))
def test_sequences_make_cz(native):
    sequence = cz_sequence(native)
    assert len(sequence) == native.uses_per_cz + 1
    product = np.eye(4)
    for index, pair in enumerate(sequence):
        if index:
            product = cirq.unitary(native.gate) @ product
        product = np.kron(*(np.eye(2) if matrix is None else matrix for matrix in pair)) @ product
    cirq.testing.assert_allclose_up_to_global_phase(product, cirq.unitary(cirq.CZ), atol=1e-12)


@pytest.mark.parametrize("native", list(NativeGate))
def test_a_literal_swap_test_with_t_gates_can_be_lowered(native):
    _control, first, second = qubits = cirq.NamedQubit.range(3, prefix="q")
    before = [cirq.ry(0.4 + index)(qubit) for index, qubit in enumerate(qubits)]
    toffoli = [cirq.H(second), cirq.decompose_once(cirq.CCZ(*qubits)), cirq.H(second)]
    swap = [cirq.CNOT(second, first), toffoli, cirq.CNOT(second, first)]
    after = cirq.ry(-0.7).on_each(*qubits)
    measure = cirq.measure(*qubits, key="m")
    program = Program.from_circuit(tagged([before, swap, after], Stage.READOUT) + measure)
    ideal = Program.from_circuit(tagged([before, cirq.CSWAP(*qubits), after], Stage.READOUT) + measure)
    real = Pass("", "", lambda given: given.with_operations(part for op in given.operations for part in real_gates(op)))
    simplified = transformed(program, (real, WRITE_REAL, SIMPLIFY))
    assert Checks().compare(SIMPLIFY.passes[0], ideal, to_native(simplified, native)).deviation < 1e-12


QUBIT = cirq.LineQubit(0)
T = sympy.Symbol("t")

factors = st.lists(
    st.one_of(
        st.builds(cirq.ry, st.sampled_from([0.3, np.pi, -np.pi / 2, 1.7])),
        st.builds(lambda a: cirq.ry(a + T), st.sampled_from([0, 0.5, -2.0])),
        st.builds(lambda z: cirq.Z**z, st.sampled_from([0.25, 1.0, -0.5])),
        st.builds(
            lambda a, b, c: cirq.unitary(cirq.Z**a) @ cirq.unitary(cirq.Y**b) @ cirq.unitary(cirq.Z**c),
            *[st.sampled_from([0.0, 0.5, 1.0, -1.0, 0.3])] * 3,
        ),
    ),
    max_size=6,
)


@given(factors, st.booleans())
def test_merged_gates_are_the_product_of_their_factors(run, measured_next):
    dialect = _Native(NativeGate.CZ)
    expected, written, symbolic = np.eye(2), [], 0
    for item in run:
        if isinstance(item, np.ndarray):
            written.append(_Numeric(item, Stage.READOUT))
            expected = item @ expected
        else:
            written.append(dialect.factor(item(QUBIT).with_tags(Stage.ENCODER)))
            expected = cirq.unitary(cirq.resolve_parameters(item, {"t": 0.7})) @ expected
            symbolic += cirq.is_parameterized(item)
    merged = dialect.merged(QUBIT, written, measured_next)
    assert all(isinstance(op.gate, cirq.PhasedXZGate) for op in merged)
    assert len(merged) <= 2 * symbolic + 1
    found = np.eye(2)
    for op in merged:
        found = cirq.unitary(cirq.resolve_parameters(op, {"t": 0.7})) @ found
    if measured_next:
        # a measurement sees the sizes of the rows' products only: compare up to a rotation about Z
        np.testing.assert_allclose(np.abs(found @ expected.conj().T), np.eye(2), atol=1e-7)
    else:
        cirq.testing.assert_allclose_up_to_global_phase(found, expected, atol=1e-7)
