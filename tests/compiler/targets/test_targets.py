import json

import cirq
import pytest

from qpbae_tn.compiler.targets.devices import (
    known_targets,
    load_target,
    parse_target,
    target_from_device,
    uniform_noise_properties,
)
from qpbae_tn.compiler.targets.target import (
    GateTimes,
    NativeGate,
    ReadoutError,
    check_program,
    duration_ns,
    operation_ns,
)
from qpbae_tn.errors import InputError

SIZES = {
    "willow_pink": (105, 182, NativeGate.CZ),
    "weber": (53, 86, NativeGate.SYC),
    "rainbow": (23, 32, NativeGate.SYC),
}


@pytest.mark.parametrize("name", known_targets())
def test_known_targets_cover_their_devices(name):
    target = load_target(name)
    assert (len(target.qubits), target.graph.number_of_edges(), target.native) == SIZES[name]
    assert (
        {frozenset(edge) for edge in target.graph.edges} == set(target.p_2q_pauli) <= target.device.metadata.qubit_pairs
    )
    assert set(target.qubits) == set(target.p_1q_pauli) == set(target.readout) == set(target.t1_ns)
    assert all(0 < error < 1 for error in [*target.p_1q_pauli.values(), *target.p_2q_pauli.values()])
    assert all(1e3 < time < 1e6 for time in target.t1_ns.values())
    # the device specifications of rainbow and weber say 4 ms for a measurement
    assert 10 <= target.gate_times.two_qubit_ns < target.gate_times.measurement_ns <= 4000
    assert json.loads(json.dumps(target.to_json()))["name"] == name
    assert load_target(name) is target


@pytest.mark.parametrize("name", known_targets())
def test_every_gate_that_a_target_offers_gets_noise_from_its_model(name):
    for native in load_target(name).natives:
        target = load_target(name, native)
        first, second = next(iter(target.graph.edges))
        gates = [
            native.gate.on(first, second),
            cirq.PhasedXZGate(x_exponent=0.3, z_exponent=0, axis_phase_exponent=0.5)(first),
        ]
        for gate in gates:
            noisy = cirq.Circuit(gate).with_noise(target.noise_model())
            assert len(list(noisy.all_operations())) > 1


def test_gates_without_calibration_are_refused():
    weber = load_target("weber")
    first, second = next(iter(weber.graph.edges))
    # both pass the device's validation, and Google's noise model adds nothing to the one-qubit gate
    for gate in (cirq.CZ(first, second), cirq.Y(first) ** 0.3):
        weber.device.validate_operation(gate)
        with pytest.raises(InputError, match="no calibration"):
            operation_ns(gate, weber)
    assert len(list(cirq.Circuit(cirq.Y(first) ** 0.3).with_noise(weber.noise_model()).all_operations())) == 1
    with pytest.raises(InputError, match="cz on weber carries no calibration; use sqrt_iswap or syc"):
        load_target("weber", NativeGate.CZ)
    with pytest.raises(InputError, match="syc on willow_pink is not in its gate set; use cz"):
        load_target("willow_pink", NativeGate.SYC)


def test_targets_by_text():
    assert parse_target("weber") is load_target("weber")
    assert parse_target("weber:sqrt_iswap").native is NativeGate.SQRT_ISWAP
    with pytest.raises(InputError, match="unknown native gate 'cnot'; choose cz, sqrt_iswap, syc"):
        parse_target("weber:cnot")
    with pytest.raises(InputError, match="unknown native gate ''"):
        parse_target("weber:")


def test_unknown_target_names_the_known_ones():
    with pytest.raises(InputError, match="choose willow_pink, weber, rainbow"):
        load_target("sycamore")


def _program(*moments):
    return cirq.Circuit(cirq.Moment(moment) for moment in moments)


def test_program_check():
    target = load_target("willow_pink")
    first, second = cirq.GridQubit(6, 6), cirq.GridQubit(6, 7)
    turn = cirq.PhasedXZGate(x_exponent=0.5, z_exponent=0, axis_phase_exponent=0.5)
    measure = cirq.measure(first, second, key="m")
    good = _program([turn(first)], [cirq.CZ(first, second)], [measure])
    check_program(good, target)
    assert duration_ns(good, target) == 25 + 42 + 600
    with pytest.raises(InputError, match="refuses"):
        check_program(_program([cirq.CZ(first, cirq.GridQubit(8, 8))], [measure]), target)
    with pytest.raises(InputError, match="refuses"):
        check_program(_program([cirq.CNOT(first, second)], [measure]), target)
    with pytest.raises(InputError, match=r"moments \[0\] of 2"):
        check_program(_program([measure], [turn(first)]), target)
    with pytest.raises(InputError, match="allows 40000 ns"):
        check_program(_program(*[[cirq.CZ(first, second)]] * 1000, [measure]), target)


def _three_by_three():
    from cirq_google import GridDevice

    qubits = cirq.GridQubit.rect(3, 3)
    return GridDevice._from_device_information(
        qubit_pairs=[(a, b) for a in qubits for b in qubits if a < b and a.is_adjacent(b)],
        gateset=cirq.Gateset(cirq.CZ, cirq.PhasedXZGate, cirq.MeasurementGate),
    )


def test_a_device_of_ones_own():
    device = _three_by_three()
    times = GateTimes(20, 40, 500, "an idea")
    noise = uniform_noise_properties(
        device,
        NativeGate.CZ,
        p_1q_pauli=1e-3,
        p_2q_pauli=5e-3,
        readout=ReadoutError(0.01, 0.02),
        t1_ns=3e4,
        tphi_ns=4e4,
        gate_times=times,
    )
    target = target_from_device("nine", device, noise, citation="an idea")
    assert len(target.qubits) == 9
    assert target.graph.number_of_edges() == 12
    assert set(target.p_2q_pauli.values()) == {5e-3}
    assert target.gate_times.two_qubit_ns == 40
    assert target.readout[cirq.GridQubit(1, 1)].mean == pytest.approx(0.015)


def test_a_device_without_calibrated_gates_is_refused():
    with pytest.raises(InputError, match="no two-qubit gate of nine is calibrated"):
        target_from_device("nine", _three_by_three(), load_target("weber").noise_properties, citation="none")
