"""Initial angles: drawn, near the DC solution, from files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import DC_SPREAD, dc_angles, initial_angles, read_initial_angles
from qpbae_tn.model.ansatz import brick_wall, make_ansatz, staircase
from qpbae_tn.model.blocks import RY, SO4, BlockKind
from qpbae_tn.model.specification import ModelSpecification


def test_drawn_angles_are_normal_and_follow_the_seed() -> None:
    ansatz = staircase(12, SO4, layers=30)
    angles = initial_angles(ansatz, "normal", 1)
    assert angles.shape == (ansatz.parameter_count,)
    assert abs(angles.mean()) < 0.1
    assert abs(angles.std() - 1) < 0.1
    np.testing.assert_array_equal(angles, initial_angles(ansatz, "normal", 1))
    assert not np.array_equal(angles, initial_angles(ansatz, "normal", 2))
    spread = initial_angles(ansatz, "dc", 1) - dc_angles(ansatz)
    np.testing.assert_allclose(spread, DC_SPREAD * angles, atol=1e-15)


def test_the_dc_solution_of_the_paper_turns_each_qubit_once() -> None:
    """The last RY on each qubit before it controls a CNOT: its block's first, on the last qubit its block's second."""
    quarter = -np.pi / 2
    assert dc_angles(staircase(4)).reshape(3, 2).tolist() == [[quarter, 0], [quarter, 0], [quarter, quarter]]


@pytest.mark.parametrize("trash", ["first", "last"])
@pytest.mark.parametrize("kind", [RY, SO4])
@pytest.mark.parametrize("pattern", ["staircase", "brick"])
@pytest.mark.parametrize("layers", [1, 3])
def test_at_the_dc_solution_the_trash_fidelity_is_the_overlap_with_the_uniform_patch(
    rng: np.random.Generator, trash: str, kind: BlockKind, pattern: str, layers: int
) -> None:
    """The uniform patch is kept whole, and what is orthogonal to it on the trash register alone is thrown away."""
    specification = ModelSpecification.build(4, 1, 2, trash=trash, kind=kind, pattern=pattern, layers=layers)
    engine, angles = ExactEngine(), dc_angles(specification.ansatz)
    uniform = np.full((1, 16), 0.25)
    assert engine.trash_fidelity(specification, angles, uniform)[0] == pytest.approx(1, abs=1e-12)
    assert engine.reconstruction_fidelity(specification, angles, uniform)[0] == pytest.approx(1, abs=1e-12)


def test_angles_from_a_file(tmp_path: Path) -> None:
    path, pairs = tmp_path / "angles.json", [[0.1, 0.2], [0.3, 0.4], [0.5, 6]]
    path.write_text(json.dumps(pairs))
    np.testing.assert_array_equal(read_initial_angles(path, staircase(4)), [0.1, 0.2, 0.3, 0.4, 0.5, 6.0])
    path.write_text(json.dumps([pairs, pairs]))
    assert read_initial_angles(path, staircase(4, layers=2)).shape == (12,)
    with pytest.raises(InputError, match="12 angles for an ansatz of 6"):
        read_initial_angles(path, brick_wall(4))


def test_the_authors_files_fit_the_papers_ansatz(reference: Path) -> None:
    document = json.loads((reference / "initial_angles.json").read_text())
    for by_qubits in document.values():
        for qubits, pairs in by_qubits.items():
            if int(qubits) >= 2:
                assert make_ansatz("staircase", int(qubits)).check_angles(pairs).size == 2 * (int(qubits) - 1)


def test_an_unknown_way_is_told() -> None:
    with pytest.raises(InputError, match="normal or dc"):
        initial_angles(staircase(4), "zeros", 0)  # type: ignore[arg-type]
