import itertools

import cirq
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from qpbae_tn.compiler.circuits import decoder, encoder, reconstruction_registers, symbols
from qpbae_tn.compiler.logical import Stage, stage_of, tagged
from qpbae_tn.compiler.lowering import lower
from qpbae_tn.compiler.lowering.angles import Angle
from qpbae_tn.compiler.lowering.equivalence import Reference
from qpbae_tn.compiler.lowering.lower import simplify
from qpbae_tn.compiler.lowering.moments import Run, gap_sizes
from qpbae_tn.compiler.lowering.native import to_native
from qpbae_tn.compiler.lowering.one_qubit import Local, merge_run
from qpbae_tn.compiler.lowering.real_program import Phase, RealProgram, Ry
from qpbae_tn.compiler.lowering.rules import ALL_RULES, LITERAL_RULES
from qpbae_tn.compiler.lowering.synthesis import cz_sequence
from qpbae_tn.compiler.placement import place
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
    """The test circuit with the reset as a relabelling and a destructive SWAP test, and its inputs."""
    model = ModelSpecification.build(patch_size, 1, bottleneck)
    registers = reconstruction_registers(model)
    angles = symbols(model.ansatz)
    rebuilt = [*registers.fresh, *registers.data[model.trash_count :]]
    circuit = tagged(encoder(model.ansatz, angles, registers.data).all_operations(), Stage.ENCODER)
    circuit += tagged(decoder(model.ansatz, angles, rebuilt).all_operations(), Stage.DECODER)
    pairs = list(zip(rebuilt, registers.copy, strict=True))
    circuit += tagged([[cirq.CNOT(a, b), cirq.H(a)] for a, b in pairs], Stage.READOUT)
    circuit.append(cirq.Moment(cirq.measure(*rebuilt, *registers.copy, key="bits")))
    return circuit, [*registers.data, *registers.copy]


@pytest.mark.parametrize(
    ("patch_size", "bottleneck", "literal", "reduced"),
    [(4, 1, (10, 7), (7, 4)), (8, 2, (16, 11), (10, 5)), (16, 2, (22, 15), (14, 7))],
)
def test_counts_of_the_destructive_readout(patch_size, bottleneck, literal, reduced):
    circuit, inputs = destructive(patch_size, bottleneck)
    for rules, (gates, depth) in ((LITERAL_RULES, literal), (ALL_RULES, reduced)):
        record = simplify(circuit, inputs=inputs, rules=rules).log[-1]
        assert record.two_qubit_gates == gates
        assert record.two_qubit_depth <= depth


@pytest.mark.parametrize(("name", "native"), TARGETS)
def test_lowered_programs_pass_their_device(name, native):
    target = load_target(name, native)
    circuit, inputs = destructive(4, 1)
    placed = place(simplify(circuit, inputs=inputs).circuit, target, inputs=inputs)
    lowered = lower(placed.circuit, target, inputs=placed.placement.there(inputs))
    target.device.validate_circuit(lowered.circuit)
    record = lowered.log[-1]
    assert record.check.deviation < 1e-12
    assert record.two_qubit_gates == 7 * native.uses_per_cz
    assert record.two_qubit_depth == 4 * native.uses_per_cz
    kinds = [{_kind(op) for op in moment} for moment in lowered.circuit]
    assert all(len(kind) == 1 for kind in kinds)
    assert [index for index, kind in enumerate(kinds) if kind == {"measurement"}] == [len(kinds) - 1]
    assert all(stage_of(op) for op in lowered.circuit.all_operations() if not cirq.is_measurement(op))
    assert cirq.parameter_names(lowered.circuit) == cirq.parameter_names(placed.circuit)


def _kind(operation):
    if cirq.is_measurement(operation):
        return "measurement"
    return "two" if len(operation.qubits) == 2 else type(operation.gate).__name__


def test_symbols_survive_google_s_serializer():
    import cirq_google

    target = load_target("weber")
    circuit, inputs = destructive(4, 1)
    placed = place(simplify(circuit, inputs=inputs).circuit, target, inputs=inputs)
    lowered = lower(placed.circuit, target, inputs=placed.placement.there(inputs)).circuit
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
    assert len(sequence.locals) == native.uses_per_cz + 1
    product = np.eye(4)
    for index, pair in enumerate(sequence.locals):
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
    circuit = tagged([before, swap, after], Stage.READOUT) + cirq.Circuit(cirq.measure(*qubits, key="m"))
    program = RealProgram.from_circuit(simplify(circuit).circuit)
    ideal = cirq.Circuit(before, cirq.CSWAP(*qubits), after, cirq.measure(*qubits, key="m"))
    assert Reference(ideal, {}, 0).compare(to_native(program, native)).deviation < 1e-12


factors = st.lists(
    st.one_of(
        st.builds(lambda a: Ry(None, Angle.of(a), Stage.ENCODER), st.sampled_from([0.3, np.pi, -np.pi / 2, 1.7])),
        st.builds(lambda a: Ry(None, Angle.of(a + sympy.Symbol("t")), Stage.ENCODER), st.sampled_from([0, 0.5, -2.0])),
        st.builds(lambda z: Phase(None, z, Stage.ENCODER), st.sampled_from([0.25, 1.0, -0.5])),
        st.builds(
            lambda a, b, c: Local(
                cirq.unitary(cirq.Z**a) @ cirq.unitary(cirq.Y**b) @ cirq.unitary(cirq.Z**c), Stage.READOUT
            ),
            *[st.sampled_from([0.0, 0.5, 1.0, -1.0, 0.3])] * 3,
        ),
    ),
    max_size=6,
)


@given(factors, st.booleans())
def test_merged_gates_are_the_product_of_their_factors(run, measured_next):
    qubit = cirq.LineQubit(0)
    expected = np.eye(2)
    for factor in run:
        match factor:
            case Ry(_, angle, _):
                expected = cirq.unitary(cirq.ry(angle.constant + (0.7 if angle.rest is not None else 0))) @ expected
            case Phase(_, half_turns, _):
                expected = cirq.unitary(cirq.Z**half_turns) @ expected
            case Local(matrix, _):
                expected = matrix @ expected
    merged = merge_run(qubit, run, measured_next=measured_next)
    assert all(isinstance(op.gate, cirq.PhasedXZGate) for op in merged)
    symbolic = sum(isinstance(factor, Ry) and factor.angle.rest is not None for factor in run)
    assert len(merged) <= 2 * symbolic + 1
    found = np.eye(2)
    for op in merged:
        found = cirq.unitary(cirq.resolve_parameters(op, {"t": 0.7})) @ found
    if measured_next:
        # a measurement sees the sizes of the rows' products only: compare up to a rotation about Z
        np.testing.assert_allclose(np.abs(found @ expected.conj().T), np.eye(2), atol=1e-7)
    else:
        cirq.testing.assert_allclose_up_to_global_phase(found, expected, atol=1e-7)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 2)), max_size=5))
def test_one_qubit_moments_are_as_few_as_possible(cases):
    runs = [Run((cirq.X(cirq.LineQubit(0)),) * size, min(a, b), max(a, b)) for a, b, size in cases]
    sizes = gap_sizes(runs, 3)
    fits = [sum(sizes[run.low : run.high + 1]) >= len(run.operations) for run in runs]
    assert all(fits)
    least = min(
        sum(option)
        for option in itertools.product(range(3), repeat=4)
        if all(sum(option[run.low : run.high + 1]) >= len(run.operations) for run in runs)
    )
    assert sum(sizes) == least
