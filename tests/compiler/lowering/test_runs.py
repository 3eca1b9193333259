import cirq
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.gates import Stage, is_cz, is_ry, real_gates, stage_of, without_hadamards
from qpbae_tn.compiler.lowering.rules import RUNS
from qpbae_tn.compiler.lowering.runs import fewest_cz, matrix_of, merge_runs, pair_gates
from qpbae_tn.compiler.lowering.schedule import cz_layers
from qpbae_tn.compiler.passes import Checks
from qpbae_tn.compiler.program import Program

A, B, C, D = QUBITS = cirq.LineQubit.range(4)
ENCODER, PREPARATION = Stage.ENCODER, Stage.PREPARATION


def turns(seed, *qubits):
    return [
        cirq.ry(angle)(qubit)
        for qubit, angle in zip(qubits, np.random.default_rng(seed).uniform(0.2, 3, len(qubits)), strict=True)
    ]


def program_of(*gates, stage=ENCODER):
    tagged = [op if op.tags else op.with_tags(stage) for op in cirq.flatten_to_ops(gates)]
    real = [last for op in tagged for part in real_gates(op) for last in without_hadamards(part)]
    circuit = cirq.Circuit(real, cirq.Moment(cirq.measure(*QUBITS, key="m")))
    return Program.from_circuit(circuit, QUBITS, any_basis=True)


def cz_count(program):
    return sum(map(is_cz, program.operations))


def merged(*gates, **options):
    """The number of CZ after the rule, which is checked."""
    program = program_of(*gates, **options)
    result = merge_runs(program)
    Checks(1).compare(RUNS, program, result)
    assert len(cz_layers(result.operations)) <= len(cz_layers(program.operations))
    return cz_count(result)


@pytest.mark.parametrize(
    ("gates", "count"),
    [
        ([cirq.CZ(A, B), cirq.SWAP(A, B)], 2),
        ([cirq.SWAP(A, B)], 3),
        ([cirq.SWAP(A, B), cirq.SWAP(A, B)], 0),
        ([cirq.CNOT(A, B), cirq.CNOT(B, A), cirq.SWAP(A, B)], 1),
        ([cirq.CZ(A, B), turns(1, A, B), cirq.CZ(A, B)], 2),
        ([cirq.CZ(A, B), turns(1, A, B), cirq.CZ(A, B), turns(2, A, B), cirq.CZ(A, B)], 3),
        ([[cirq.CZ(A, B), turns(index, A, B)] for index in range(4)], 2),
        ([[cirq.CZ(A, B), turns(index, A, B)] for index in range(5)], 3),
        ([cirq.CZ(A, B), cirq.T(A), cirq.H(B), cirq.CZ(A, B), turns(1, A, B), cirq.SWAP(A, B)], 2),
    ],
)
def test_the_fewest_cz_of_a_pair(gates, count):
    assert merged(turns(7, A, B), *gates, turns(8, A, B)) == count


def test_cz_with_others_are_moved_out_of_a_run():
    assert merged(cirq.CZ(A, B), cirq.CZ(A, C), cirq.SWAP(A, B)) == 3
    assert merged(cirq.SWAP(A, B), cirq.CZ(A, C), cirq.CZ(A, B), turns(1, A)) == 3
    # C meets A before, B after the run: no order holds both together where C's own gates tie them
    ring = [cirq.CZ(B, D), turns(2, D), cirq.CZ(D, C), turns(3, C), cirq.CZ(C, A)]
    assert merged(cirq.CZ(A, B), turns(4, B), ring, turns(5, A), cirq.CZ(A, B), turns(6, A, B), cirq.CZ(A, B)) == 6


def test_symbols_end_a_run():
    t = cirq.ry(sympy.Symbol("t"))
    between = [turns(1, A, B), t(A)]
    assert merged(cirq.CZ(A, B), between, cirq.SWAP(A, B)) == 4
    assert merged(cirq.CZ(A, B), cirq.SWAP(A, B), t(A), cirq.CZ(A, B)) == 3


def test_the_encoder_is_not_written_into_the_preparation():
    first = [op.with_tags(PREPARATION) for op in (cirq.CZ(A, B), *turns(1, A, B), cirq.CZ(A, B))]
    last = [op.with_tags(ENCODER) for op in (*turns(2, A, B), cirq.CZ(A, B), *turns(3, A, B), cirq.CZ(A, B))]
    assert merged(first, last) == 4
    assert merged([op.untagged for op in first], last) == 2
    stages = [stage_of(op) for op in merge_runs(program_of(first, last)).operations if is_cz(op)]
    assert stages == [PREPARATION] * 2 + [ENCODER] * 2


def test_what_gains_nothing_is_left_alone():
    program = program_of(turns(1, A, B), cirq.CZ(A, B), turns(2, A, B), cirq.CZ(A, B), cirq.CZ(B, C), turns(3, B, C))
    assert merge_runs(program) is program


gate = st.one_of(
    st.builds(lambda a, q: cirq.ry(a)(q), st.sampled_from([0.3, np.pi / 2, 1.7, np.pi]), st.sampled_from(QUBITS[:3])),
    st.builds(lambda q: cirq.T(q), st.sampled_from(QUBITS[:3])),
    st.builds(
        lambda pair, kind: kind(*pair),
        st.lists(st.sampled_from(QUBITS[:3]), min_size=2, max_size=2, unique=True),
        st.sampled_from([cirq.CZ, cirq.CNOT, cirq.SWAP]),
    ),
)


@given(st.lists(gate, min_size=1, max_size=16))
def test_runs_keep_what_is_measured_in_any_basis(gates):
    program = program_of(*gates)
    result = merge_runs(program)
    assert Checks(1).compare(RUNS, program, result).deviation < 1e-9
    assert result is program or cz_count(result) < cz_count(program)
    assert merge_runs(result) is result


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sign", [1, -1])
def test_real_matrices_take_rotations_about_y_alone(seed, sign):
    matrix = np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0]
    matrix[:, 0] *= sign * np.linalg.det(matrix)
    assert fewest_cz(matrix) == (2 if sign > 0 else 3)
    gates = pair_gates(matrix, A, B, ENCODER)
    assert all(is_ry(op) or is_cz(op) for op in gates)
    cirq.testing.assert_allclose_up_to_global_phase(matrix_of(list(gates), A, B), matrix, atol=1e-12)
