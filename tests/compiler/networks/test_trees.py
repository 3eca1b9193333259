"""Orders of contraction: one for a structure, the same in every process, kept as JSON; programs, slices, gradients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from qpbae_tn.compiler.networks import trees
from qpbae_tn.compiler.networks.build import CircuitNetwork, Piece
from qpbae_tn.compiler.networks.contraction import Contraction, TooLarge, prepare, structure_of
from qpbae_tn.compiler.networks.trees import Structure, TreeStore, cache_folder, rank_simplification, search, sweep

Array = NDArray[np.float64]


def ring(rng: np.random.Generator, size: int = 6, bond: int = 3, *, named: bool = False) -> CircuitNetwork:
    """A closed chain of matrices, each also on a common index, the chain twice: 2 * size tensors, no open index."""
    matrices = [rng.normal(size=(bond, bond)) for _ in range(size)]
    pieces = []
    for copy in "ab":
        for site, matrix in enumerate(matrices):
            inds, source = (f"{copy}{site}", f"{copy}{(site + 1) % size}"), f"m{site}" if named else ""
            pieces.append(Piece(inds, matrix, source, (False, False), (site, site)))
    return CircuitNetwork(tuple(pieces), ())


def value_of(matrices: list[Array]) -> float:
    return float(np.trace(np.linalg.multi_dot(matrices))) ** 2


def test_all_candidates_give_the_value(rng: np.random.Generator) -> None:
    network = ring(rng)
    structure = structure_of(network)
    expected = float(network.quimb().contract(output_inds=()))
    arrays = network.arrays({})
    paths = list(trees._candidates(structure))
    assert len(paths) > 10
    for path in paths:
        program = structure.program(path)
        assert float(program.run([arrays[number] for number in program.inputs])) == pytest.approx(expected, rel=1e-12)
    best = min(structure.program(path).seconds for path in paths)
    assert structure.program(search(structure)).seconds == best


def test_equal_parts_are_contracted_once(rng: np.random.Generator) -> None:
    network = ring(rng)
    structure = structure_of(network)
    program = structure.program(search(structure))
    assert len(program.inputs) == 6
    assert len(program.steps) <= len(network.pieces) // 2 + 1
    other = CircuitNetwork(
        tuple(piece._replace(array=piece.array + number) for number, piece in enumerate(network.pieces)), ()
    )
    assert len(structure_of(other).program(search(structure_of(other))).steps) == len(network.pieces) - 1


def test_gradient_is_that_of_finite_differences(rng: np.random.Generator) -> None:
    network = ring(rng, named=True)
    matrices = {f"m{site}": network.pieces[site].array for site in range(6)}
    contraction = prepare(network, TreeStore())
    value, gradient = contraction.value_and_gradient(matrices, ["m0", "m4"])
    assert float(value) == pytest.approx(value_of([matrices[f"m{site}"] for site in range(6)]), rel=1e-12)
    for name in ("m0", "m4"):
        for row, column in ((0, 0), (2, 1)):
            moved = {key: matrix.copy() for key, matrix in matrices.items()}
            slopes = []
            for step in (1e-6, -1e-6):
                moved[name][row, column] = matrices[name][row, column] + step
                slopes.append(float(contraction.value(moved)))
            assert gradient[name][row, column] == pytest.approx((slopes[0] - slopes[1]) / 2e-6, rel=1e-6)


def grid(rng: np.random.Generator, side: int = 4, bond: int = 4) -> CircuitNetwork:
    """Tensors on a square grid, each sharing an index with each of its neighbours, all of them handed over later."""
    pieces = []
    for row in range(side):
        for column in range(side):
            ends = [(row, column, row + 1, column), (row, column, row, column + 1)]
            ends += [(row - 1, column, row, column), (row, column - 1, row, column)]
            inds = tuple(str(end) for end in ends if min(end) >= 0 and max(end) < side)
            array, number = rng.normal(size=(bond,) * len(inds)), row * side + column
            pieces.append(Piece(inds, array, f"m{number}", (False,) * len(inds), (column, column)))
    return CircuitNetwork(tuple(pieces), ())


@pytest.mark.parametrize("gradient", [False, True])
def test_slices_keep_to_the_memory_and_to_the_value(gradient: bool, rng: np.random.Generator) -> None:
    network = grid(rng)
    values = {piece.source: piece.array for piece in network.pieces}
    whole = prepare(network, TreeStore())
    cost = whole.cost(gradient=gradient)
    assert cost.slices == 1
    assert cost.peak_bytes >= 8 * cost.largest
    sliced = Contraction(network, whole.structure, whole.path, memory_bytes=int(0.7 * cost.peak_bytes))
    less = sliced.cost(gradient=gradient)
    assert less.slices > 1
    assert less.peak_bytes <= 0.7 * cost.peak_bytes
    expected = float(network.quimb().contract(output_inds=()))
    assert float(sliced.value(values)) == pytest.approx(expected, rel=1e-10)
    if not gradient:
        return
    value, slopes = sliced.value_and_gradient(values, ["m0", "m5"])
    _, others = whole.value_and_gradient(values, ["m0", "m5"])
    assert float(value) == pytest.approx(expected, rel=1e-10)
    for name in ("m0", "m5"):
        np.testing.assert_allclose(slopes[name], others[name], rtol=1e-9)
        # The network is linear in each of its tensors.
        assert float((slopes[name] * values[name]).sum()) == pytest.approx(expected, rel=1e-10)


def test_what_does_not_fit_is_refused_with_the_figure(rng: np.random.Generator) -> None:
    network = ring(rng, size=5, bond=8)
    contraction = prepare(network, TreeStore(), memory_bytes=500)
    with pytest.raises(TooLarge, match=r"takes [\d.e-]+ GiB at a time, and [\d.e-]+ GiB in each"):
        contraction.cost()
    with pytest.raises(TooLarge):
        contraction.value()


def test_orders_are_kept_and_used_again(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    structure = structure_of(ring(rng))
    path = TreeStore(tmp_path).path(structure)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["terms"] == [list(term) for term in structure.terms]

    def nothing(structure: Structure) -> trees.SsaPath:
        raise AssertionError("searched again")

    monkeypatch.setattr(trees, "search", nothing)
    assert TreeStore(tmp_path).path(structure) == path
    monkeypatch.undo()
    # A file that holds no order for the structure costs a search, and is put right.
    for damage in (
        "{",
        "{}",
        json.dumps({"path": [[0, 1]]}),
        json.dumps({"path": [[0, 0]] * 11}),
        json.dumps({"path": path[::-1]}),
    ):
        file.write_text(damage)
        assert TreeStore(tmp_path).path(structure) == path
        assert json.loads(file.read_text())["path"] == [list(pair) for pair in path]


def test_a_cache_that_cannot_be_written_to_is_no_error(tmp_path: Path, rng: np.random.Generator) -> None:
    structure = structure_of(ring(rng))
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert TreeStore(blocked / "trees").path(structure) == TreeStore().path(structure)


def test_the_cache_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QPBAE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "trees"
    monkeypatch.delenv("QPBAE_CACHE")
    assert cache_folder().name == "trees"
    assert cache_folder().is_absolute()


SEARCH = """
from qpbae_tn.compiler.networks.contraction import structure_of
from qpbae_tn.compiler.networks.questions import literal_network
from qpbae_tn.compiler.networks.build import dense_start
from qpbae_tn.compiler.networks.trees import search
from qpbae_tn.model.specification import ModelSpecification
import numpy as np
specification = ModelSpecification.build(4, 1, 2, layers=2)
network = literal_network(specification, np.arange(12) / 7, lambda qubits: dense_start(qubits, np.full(16, 0.25)))
structure = structure_of(network)
found = f"{structure.key} {search(structure)}"
"""


def test_the_same_order_in_every_process() -> None:
    here: dict[str, str] = {}
    exec(SEARCH, here)
    environment = {**os.environ, "PYTHONHASHSEED": "1234"}
    command = [sys.executable, "-c", SEARCH + "print(found)"]
    there = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert there.strip() == here["found"]


def test_rank_simplification_never_makes_a_tensor_of_more_indices(rng: np.random.Generator) -> None:
    structure = structure_of(ring(rng))
    path, left, terms = rank_simplification(structure)
    assert len(path) + len(left) >= len(structure.terms) / 2
    assert max(map(len, terms), default=0) <= 2
    assert len(left) == len(structure.terms) - len(path)


@pytest.mark.parametrize("meeting", [0, 3, 6])
def test_a_sweep_contracts_every_tensor_once(meeting: int, rng: np.random.Generator) -> None:
    structure = structure_of(ring(rng))
    path = sweep(structure.terms, structure.output, structure.places, meeting)
    assert sorted(number for pair in path for number in pair) == list(range(2 * len(path)))
    assert len(path) == len(structure.terms) - 1
