from __future__ import annotations

from functools import cache

import cirq
import numpy as np
import pytest
from scipy.stats import binom, binomtest

from qpbae_tn.compiler.circuits import generic_angles, generic_state, reconstruction_circuit
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.execution import (
    NoisySampler,
    SamplerKind,
    chosen_states,
    execute,
    execute_image,
    make_sampler,
    patch_states,
    sampler_kind,
)
from qpbae_tn.compiler.mps_sampler import MpsSampler
from qpbae_tn.compiler.pipeline import compile_program
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation
from qpbae_tn.compiler.program import MEASUREMENT_KEY
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.model.specification import ModelSpecification


@cache
def compiled(readout: str, size: int = 4, target: str = "willow_pink") -> CompiledProgram:
    """A program for a model near the one that passes uniform patches, as training finds it."""
    specification = ModelSpecification.build(size, size, 1, image_size=8)
    angles = dc_angles(specification.ansatz) + np.random.default_rng(1).normal(
        scale=0.05, size=specification.ansatz.parameter_count
    )
    return compile_program(specification, angles, READOUTS[readout], ExactPreparation(), load_target(target))


def bright_state(program: CompiledProgram) -> np.ndarray:
    """The state of a patch with little contrast, of which F is near 1."""
    pixels = np.random.default_rng(4).uniform(0.7, 1.0, size=program.specification.pixel_count)
    return pixels / np.linalg.norm(pixels)


@pytest.mark.parametrize("size", [2, 4])
def test_sampled_counts_follow_each_readouts_distribution(size: int) -> None:
    """Exact binomial tests of every value of every readout on compiled circuits, corrected for their number."""
    shots, pvalues = 5000, []
    for name, readout in READOUTS.items():
        program = compiled(name, size)
        state = generic_state(program.specification, 3)
        (score,) = execute(program, state[None], make_sampler(SamplerKind.IDEAL, program.target, seed=11), shots)
        engine = ExactEngine()
        stated = readout.value_probabilities(
            engine.trash_fidelity(program.specification, program.angles, state[None])[0],
            engine.reconstruction_fidelity(program.specification, program.angles, state[None])[0],
        )
        assert score.exact == pytest.approx(stated[2] - stated[0], abs=1e-9)
        assert score.prepared == pytest.approx(score.exact, abs=1e-5)
        counts = (score.estimate.minus, score.estimate.zero, score.estimate.plus)
        for count, probability in zip(counts, stated, strict=True):
            if probability < 1e-12:
                assert count == 0
            else:
                pvalues.append(binomtest(count, shots, probability).pvalue)
    assert min(pvalues) > 0.01 / len(pvalues)


def test_noisy_shots_lie_in_the_interval_of_the_density_matrix() -> None:
    """10,000 shots of a P=4 patch on virtual Willow against the density matrix of the same noise model."""
    program, shots = compiled("latent"), 10_000
    state = bright_state(program)
    bound = program.bind(state).circuit
    noisy = cirq.Circuit(program.target.noise_model().noisy_moments(bound, sorted(bound.all_qubits())))
    gates = cirq.Circuit(op for op in noisy.all_operations() if not cirq.is_measurement(op))
    order = [*program.measured, *sorted(gates.all_qubits().difference(program.measured))]
    final = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(gates, qubit_order=order).final_density_matrix
    outcomes = np.real(np.diag(final)).reshape(2 ** len(program.measured), -1).sum(axis=1)
    bits = np.arange(len(outcomes))[:, None] >> np.arange(len(program.measured))[::-1] & 1
    values = program.estimator.values(bits)

    (score,) = execute(program, state[None], make_sampler(SamplerKind.VIRTUAL, program.target, seed=3), shots)
    estimate = score.estimate
    for count, value in ((estimate.minus, -1), (estimate.zero, 0), (estimate.plus, 1)):
        low, high = binom.interval(0.99, shots, outcomes[values == value].sum())
        assert low <= count <= high
    # Noise is seen: without it the score would be far outside. The product of errors takes every error to be fatal.
    exact_noisy = program.estimator.expectation(outcomes)
    assert score.exact > 0.99
    assert score.exact - exact_noisy > 10 * score.standard_error
    assert score.with_noise < exact_noisy < score.prepared


def test_a_sweep_is_run_in_the_order_of_its_patches() -> None:
    program = compiled("echo", 2)
    states = np.array([generic_state(program.specification, seed) for seed in range(70)])
    done: list[int] = []
    scores = execute(program, states, make_sampler(SamplerKind.IDEAL, program.target, 5), 2000, on_patches=done.append)
    assert done == [64, 6]
    for score in scores:
        assert abs(score.fidelity - score.exact) < 6 * score.standard_error + 1e-3


def test_a_whole_image_becomes_a_map() -> None:
    program = compiled("echo", 4)
    image = np.random.default_rng(0).uniform(0.2, 1.0, size=(8, 8))
    scored = execute_image(program, image, cirq.Simulator(seed=2), 3000)
    scorer = model_scorer(program.specification, program.angles, ExactEngine(), "reconstruction")
    maps, zero = anomaly_maps(program.specification, image[None], {"F": scorer})
    assert scored.exact == pytest.approx(maps["F"][0], abs=1e-9)
    assert scored.measured == pytest.approx(scored.exact, abs=0.03)
    assert (len(scored.patches), scored.zero_patches) == (4, zero)


def test_zero_patches_are_run_as_the_zero_state() -> None:
    program = compiled("echo", 2)
    image = np.ones((8, 8))
    image[:4, :4] = 0
    grid, states, zero = patch_states(program.specification, image)
    assert (grid.count, zero) == (16, 4)
    scores = execute(program, states[:1], cirq.Simulator(seed=1), 500)
    assert abs(scores[0].fidelity - scores[0].exact) < 5 * scores[0].standard_error
    assert chosen_states(states, [0])[0].tolist() == [1, 0, 0, 0]
    with pytest.raises(InputError, match="give 0 to 15"):
        chosen_states(states, [16])


def test_symbolic_angles_are_given_with_the_patches() -> None:
    specification = ModelSpecification.build(2, 2, 1)
    program = compile_program(specification, None, READOUTS["direct"], MpsPreparation(2), load_target("willow_pink"))
    angles, states = generic_angles(specification, 3), generic_state(specification, 1)[None]
    (score,) = execute(program, states, cirq.Simulator(seed=0), 5000, angles=angles)
    assert program.readout.quantity is Quantity.TRASH_FIDELITY
    assert abs(score.fidelity - score.exact) < 5 * score.standard_error
    with pytest.raises(InputError, match="symbols"):
        execute(program, states, cirq.Simulator(), 10)


def test_noise_is_refused_on_circuits_that_are_not_placed() -> None:
    program = compiled("latent", 2)
    sampler = make_sampler(SamplerKind.NOISY, program.target)
    assert isinstance(sampler, NoisySampler)
    logical = reconstruction_circuit(program.specification, program.angles, measure=True)
    with pytest.raises(InputError, match="willow_pink refuses the program"):
        sampler.run(logical, repetitions=1)
    elsewhere = program.bind().circuit.transform_qubits(lambda qubit: cirq.GridQubit(qubit.row + 50, qubit.col))
    with pytest.raises(InputError, match="willow_pink refuses the program"):
        sampler.run(elsewhere, repetitions=1)
    weber = load_target("weber")
    with pytest.raises(InputError, match="weber"):
        make_sampler(SamplerKind.NOISY, weber).run(program.bind().circuit, repetitions=1)
    with pytest.raises(ValueError, match="device"):
        make_sampler(SamplerKind.VIRTUAL, program.target).run(logical, repetitions=1)


def test_gates_without_calibration_are_refused() -> None:
    """CZ passes weber's own validation, and Google's noise model would add nothing to it."""
    first, second = cirq.GridQubit(3, 3), cirq.GridQubit(3, 4)
    circuit = cirq.Circuit(cirq.CZ(first, second), cirq.measure(first, second, key=MEASUREMENT_KEY))
    weber = load_target("weber")
    weber.device.validate_circuit(circuit)
    with pytest.raises(InputError, match="no calibration"):
        make_sampler(SamplerKind.NOISY, weber).run(circuit, repetitions=1)


def test_bad_input_is_refused() -> None:
    program = compiled("echo", 2)
    states = generic_state(program.specification, 0)[None]
    for shots in (0, -5):
        with pytest.raises(InputError, match="give at least 1"):
            execute(program, states, cirq.Simulator(), shots)
    with pytest.raises(InputError, match="no patches"):
        execute(program, states[:0], cirq.Simulator(), 10)
    with pytest.raises(InputError, match="choose one of ideal, mps, noisy, virtual"):
        sampler_kind("real")
    empty = compile_program(program.specification, program.angles, READOUTS["echo"], NoPreparation(), program.target)
    with pytest.raises(InputError, match="holds no patch"):
        execute(empty, states, cirq.Simulator(), 10)


def test_matrix_product_states_give_the_bits_of_a_state_vector() -> None:
    """Every outcome's frequency, on gates between qubits that are nowhere near each other."""
    rng = np.random.default_rng(3)
    qubits = cirq.GridQubit.rect(2, 3)
    circuit = cirq.Circuit()
    for _ in range(8):
        first, second = rng.choice(6, 2, replace=False)
        x, z, a = rng.uniform(-1, 1, 3)
        circuit.append(cirq.PhasedXZGate(x_exponent=x, z_exponent=z, axis_phase_exponent=a)(qubits[first]))
        circuit.append(cirq.CZ(qubits[first], qubits[second]))
        circuit.append(cirq.ry(x)(qubits[second]))
    order = [qubits[index] for index in (4, 1, 0, 5, 2)]
    state = cirq.Simulator(dtype=np.complex128).simulate(circuit, qubit_order=[*order, qubits[3]]).final_state_vector
    expected = (np.abs(state) ** 2).reshape(32, 2).sum(axis=1)
    circuit.append(cirq.measure(*order, key="a"))
    sampler, shots = MpsSampler(seed=4), 40_000
    bits = sampler.run(circuit, repetitions=shots).measurements["a"]
    assert bits.shape == (shots, 5)
    found = np.bincount(bits @ (1 << np.arange(5)[::-1]), minlength=32) / shots
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / shots)
    assert sampler.truncation_error < 1e-9
    rough = MpsSampler(seed=4, bond=1)
    rough.run(circuit, repetitions=1)
    assert rough.truncation_error > 1e-3
    again = MpsSampler(seed=4).run(circuit, repetitions=shots).measurements["a"]
    np.testing.assert_array_equal(again, bits)


def test_a_program_past_every_state_vector_is_sampled() -> None:
    """33 qubits on Willow, a state vector of 128 GiB; shots agree with the exact score."""
    specification = ModelSpecification.build(64, 1, 2, image_size=64)
    angles = generic_angles(specification, 0)
    target = load_target("willow_pink")
    program = compile_program(specification, angles, READOUTS["destructive"], MpsPreparation(2), target)
    assert len(program.circuit.all_qubits()) >= 33
    state = generic_state(specification, 2)
    sampler = make_sampler(SamplerKind.MPS, target, seed=1)
    assert isinstance(sampler, MpsSampler)
    (score,) = execute(program, state[None], sampler, 4000)
    assert abs(score.fidelity - score.prepared) < 5 * score.standard_error + 1e-3
    assert sampler.truncation_error < 1e-6


def test_what_mps_cannot_sample_is_refused() -> None:
    (qubit,) = cirq.LineQubit.range(1)
    with pytest.raises(InputError, match="follows a measurement"):
        MpsSampler().run(cirq.Circuit(cirq.measure(qubit, key="a"), cirq.X(qubit)))
    with pytest.raises(InputError, match="bond"):
        MpsSampler(bond=0)
    one = MpsSampler(seed=0).run(cirq.Circuit(cirq.X(qubit), cirq.measure(qubit, key="a")), repetitions=5)
    assert one.measurements["a"].all()
