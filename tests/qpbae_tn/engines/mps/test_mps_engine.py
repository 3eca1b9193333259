"""The engine behind the common protocol, and its intervals on real images."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.analytic import constant, wave
from qpbae_tn.model.embedding import embed
from qpbae_tn.model.mps import concatenate
from qpbae_tn.model.specification import ModelSpecification


def test_behind_the_protocol(rng: np.random.Generator) -> None:
    engine: Engine = MpsEngine()
    assert engine.name == "mps"
    specification = ModelSpecification.build(8, 1, 2)
    states = embed(1 + rng.normal(size=(5, 8, 8)))[0]
    angles = rng.normal(size=10)
    for dtype in (np.float64, np.float32):
        found = engine.reconstruction_fidelity(specification, angles, states.astype(dtype))
        expected = ExactEngine().reconstruction_fidelity(specification, angles, states)
        np.testing.assert_allclose(found, expected, atol=1e-12 if dtype is np.float64 else 1e-6)
    assert engine.trash_fidelity(specification, angles, states[:0]).shape == (0,)
    assert engine.reconstruction_fidelity(specification, angles, states[:0]).shape == (0,)
    with pytest.raises(InputError, match="11 angles"):
        engine.trash_fidelity(specification, np.zeros(11), states)


def test_zero_patches_have_the_state_of_zeros() -> None:
    specification = ModelSpecification.build(4, 1, 1)
    states, zero = embed(np.zeros((2, 4, 4)))
    assert zero.all()
    scores = MpsEngine(bond=2).score_states(specification, dc_angles(specification.ansatz), states)
    assert scores.errors is not None
    np.testing.assert_allclose(scores.errors.fidelity, 0, atol=1e-14)
    assert (scores.discarded_weight == 0).all()


def test_a_stack_of_trains_is_scored_as_each_alone() -> None:
    size = 1 << 20
    textures = [wave(size, (cycles, 1.5), 0.2) * 0.3 + constant(size, 1.0) for cycles in (1, 2, 30)]
    textures.append(textures[0] * textures[1])
    stack = concatenate([texture.state() for texture in textures])
    specification = ModelSpecification.build(size, 1, 2, image_size=size)
    angles = dc_angles(specification.ansatz)
    together = MpsEngine().score(specification, angles, stack)
    for number, texture in enumerate(textures):
        alone = MpsEngine().score(specification, angles, texture.state())
        assert together.fidelity[number] == pytest.approx(alone.fidelity[0], rel=1e-11)
        assert together.trash_fidelity[number] == pytest.approx(alone.trash_fidelity[0], rel=1e-11)
    np.testing.assert_array_equal(together.low, together.fidelity)
    np.testing.assert_array_equal(together.high, together.fidelity)
    assert together.errors is None


def test_scoring_dense_states_without_the_exact_engine(rng: np.random.Generator) -> None:
    specification = ModelSpecification.build(8, 1, 2)
    states = embed(1 + 0.1 * rng.normal(size=(4, 8, 8)))[0]
    scores = MpsEngine(bond=2).score_states(specification, dc_angles(specification.ansatz), states, exact_errors=False)
    assert scores.errors is None
    assert (scores.discarded_weight > 0).all()
    assert (scores.low < scores.fidelity).all()


def test_intervals_on_breast_ultrasound_are_narrow(real_images: Path) -> None:
    """P = 8 at bond 4: half of the patches are known to 0.05 or better, and the truth is always inside."""
    files = sorted(path for path in (real_images / "busi_32" / "test").rglob("*.png"))[::8]
    images = np.stack([np.asarray(Image.open(file).convert("L"), dtype=np.float64) / 255 for file in files])
    windows = np.lib.stride_tricks.sliding_window_view(images, (8, 8), axis=(1, 2))[:, ::3, ::3]
    states = embed(windows.reshape(-1, 8, 8))[0]
    specification = ModelSpecification.build(8, 1, 2)
    scores = MpsEngine(bond=4).score_states(specification, dc_angles(specification.ansatz), states)
    assert scores.errors is not None
    truth = scores.fidelity - scores.errors.fidelity
    assert ((scores.low - 1e-12 <= truth) & (truth <= scores.high + 1e-12)).all()
    assert np.median(scores.high - scores.low) / 2 <= 0.05


def test_the_engine_needs_neither_quimb_nor_cotengra() -> None:
    program = (
        "import sys, qpbae_tn.engines.mps; "
        "print([name for name in ('quimb', 'cotengra', 'cirq', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
