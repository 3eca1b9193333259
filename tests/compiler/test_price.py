import itertools
import json
from math import prod

import cirq
import numpy as np
import pytest

from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.lowering.native import lower_to
from qpbae_tn.compiler.passes import transformed
from qpbae_tn.compiler.placement.place import place_on
from qpbae_tn.compiler.price import price_program
from qpbae_tn.compiler.program import Program
from qpbae_tn.compiler.quote import (
    SHOT_PERIODS,
    WILLOW_2024,
    Price,
    ShotPeriod,
    default_shot_period,
    price_image,
    price_training,
    shot_period,
    shots_for,
)
from qpbae_tn.compiler.targets.devices import known_targets, load_target
from qpbae_tn.compiler.targets.target import duration_ns
from qpbae_tn.errors import InputError


def _echo(n, layers, seed=0):
    """A random circuit on a line and its inverse: all bits are 0 without noise."""
    random = np.random.default_rng(seed)
    qubits = cirq.NamedQubit.range(n, prefix="q")
    gates = []
    for _ in range(layers):
        gates += [cirq.ry(angle)(qubit) for qubit, angle in zip(qubits, random.normal(size=n), strict=True)]
        gates += [cirq.CZ(a, b) for a, b in itertools.pairwise(qubits)]
    there = cirq.Circuit(gates)
    circuit = tagged(there.all_operations(), Stage.PREPARATION)
    circuit += tagged(cirq.ry(0.05).on_each(*qubits), Stage.ENCODER)
    return circuit + tagged(cirq.inverse(there).all_operations(), Stage.READOUT) + cirq.measure(*qubits, key="m")


def _lowered(circuit, target):
    return transformed(Program.from_circuit(circuit), (place_on(target), lower_to(target))).moments


@pytest.mark.parametrize("name", known_targets())
def test_two_routes_to_the_price(name):
    target = load_target(name)
    circuit = _lowered(_echo(4, 2), target)
    price = price_program(circuit, target)
    ops = [op for op in circuit.all_operations() if not cirq.is_measurement(op)]
    twos = [op for op in ops if len(op.qubits) == 2]
    times = target.gate_times
    layers = sum(any(len(op.qubits) == 2 for op in moment) for moment in circuit[:-1])
    assert price.one_qubit_gates == len(ops) - len(twos)
    assert price.two_qubit_gates == len(twos)
    assert (price.two_qubit_depth, price.depth) == (layers, len(circuit))
    expected_ns = times.one_qubit_ns * (len(circuit) - 1 - layers) + times.two_qubit_ns * layers + times.measurement_ns
    assert price.duration_ns == pytest.approx(expected_ns) == pytest.approx(duration_ns(circuit, target))
    gates = prod(
        1 - (target.p_2q_pauli[frozenset(op.qubits)] if op in twos else target.p_1q_pauli[op.qubits[0]]) for op in ops
    )
    assert prod(stage.gate_fidelity for stage in price.stages) == pytest.approx(gates)
    readout = prod(1 - target.readout[qubit].mean for qubit in circuit.all_qubits())
    assert price.measurement_fidelity == pytest.approx(readout)
    assert [stage.stage for stage in price.stages] == list(Stage)
    assert sum(stage.two_qubit_gates for stage in price.stages) == price.two_qubit_gates
    assert price.estimated_fidelity <= gates * readout
    assert json.loads(json.dumps(price.to_json()))["estimated_fidelity"] == price.estimated_fidelity


def test_the_estimate_is_near_a_density_matrix_of_the_noise_model():
    target = load_target("willow_pink")
    circuit = _lowered(_echo(4, 3), target)
    noisy = cirq.Circuit(target.noise_model().noisy_moments(circuit, sorted(circuit.all_qubits())))
    counts = cirq.DensityMatrixSimulator(seed=1).run(noisy, repetitions=20_000).histogram(key="readout")
    ideal = (
        cirq.DensityMatrixSimulator().simulate(cirq.drop_terminal_measurements(circuit)).final_density_matrix[0, 0].real
    )
    # errors that leave all bits at 0 lift the survival above the probability that nothing fails
    estimate = price_program(circuit, target).estimated_fidelity
    assert estimate - 0.01 <= counts[0] / 20_000 / ideal <= estimate + 0.05


def test_waits_count_from_the_first_gate_on():
    target = load_target("willow_pink")
    a, b = cirq.GridQubit(6, 6), cirq.GridQubit(6, 7)
    turn = cirq.PhasedXZGate(x_exponent=0.5, z_exponent=0, axis_phase_exponent=0.5)
    last = [cirq.Moment(cirq.measure(a, b, key="m"))]
    first = cirq.Circuit([cirq.Moment(turn(a).with_tags(Stage.ENCODER))] * 4, *last)
    early = cirq.Circuit(
        [*first[:1], cirq.Moment(turn(a).with_tags("encoder"), turn(b).with_tags("encoder")), *first[2:]]
    )
    assert prod(stage.idle_fidelity for stage in price_program(first, target).stages) == 1
    waits = {stage.stage: stage.idle_fidelity for stage in price_program(early, target).stages}
    expected = 1 - cirq.qis.decoherence_pauli_error(target.t1_ns[b], target.tphi_ns[b], 50)
    assert waits[Stage.READOUT] == pytest.approx(expected)
    assert waits[Stage.ENCODER] == 1


def test_shots():
    assert shots_for(0.005, 0.25) == 10_000
    assert shots_for(0.005, 0.2500001) == 10_001
    assert shots_for(0.1, 0.0) == 1
    rng = np.random.default_rng(0)
    fidelity, error = 0.8, 0.02
    shots = shots_for(error, 1 - fidelity**2)
    means = 2 * rng.binomial(shots, (1 + fidelity) / 2, size=2000) / shots - 1
    assert means.std() == pytest.approx(error, rel=0.1)
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError):
            shots_for(bad, 0.25)
    with pytest.raises(InputError):
        shots_for(0.1, -0.1)


def test_runs():
    period = ShotPeriod("thousand", 1e6, "a test")
    image = price_image(patches=625, shots_per_patch=100, shot_period=period, duration_ns=1e3)
    assert (image.shots, image.wall_time_s) == (62_500, pytest.approx(62.5))
    slow = price_image(patches=1, shots_per_patch=1, shot_period=period, duration_ns=3e6)
    assert slow.wall_time_s == pytest.approx(3e-3)
    training = price_training(
        epochs=2,
        images=3,
        patches_per_image=5,
        parameters=4,
        shots_per_circuit=7,
        shot_period=period,
        duration_ns=1e3,
    )
    assert training.shots == 2 * 3 * 5 * (2 * 4 + 1) * 7
    assert training.wall_time_s == pytest.approx(training.shots * 1e-3)
    target = load_target("willow_pink")
    program = price_program(_lowered(_echo(2, 1), target), target)
    document = Price(program, 0.01, 0.25, image, training).to_json()
    assert json.loads(json.dumps(document)) == document
    with pytest.raises(InputError, match="shots_per_patch is 0"):
        price_image(patches=1, shots_per_patch=0, shot_period=period, duration_ns=1)


def test_shot_periods_are_cited():
    assert 1e9 / WILLOW_2024.period_ns == pytest.approx(63_000)
    assert all(period.citation and shot_period(name) is period for name, period in SHOT_PERIODS.items())
    assert all(default_shot_period(load_target(name)) in SHOT_PERIODS.values() for name in known_targets())
    with pytest.raises(InputError, match="choose willow_2024"):
        shot_period("tomorrow")
