"""The growth laws that the study's points give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qpbae_tn.analysis.scaling.engines import BOND_STUDY_SIZE, TRAIN_PATCHES, engine_rows
from qpbae_tn.analysis.scaling.fits import fit_power_law
from qpbae_tn.analysis.scaling.points import Row

LEAST_SECONDS = 1e-3
"""Calls shorter than this are mostly overhead, and are left out of the fits of dense work."""
LEAST_BOND = 32
"""Smaller bonds are mostly overhead too."""


def growth_laws(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Fitted exponents: `what`, `over` ("P", "n" or "bond"), and the law; None where there are too few points."""
    return [
        {"what": what, "over": over, **law.to_json()}
        for what, over, points in _sequences(rows)
        if (law := fit_power_law([x for x, _ in points], [y for _, y in points])) is not None
    ]


def _sequences(rows: Sequence[Row]) -> Iterator[tuple[str, str, list[tuple[float, float]]]]:
    works = (("score", "scoring a patch"), ("train", "training step on 4 patches"))
    bonds = sorted({int(row["point"]["bond"]) for row in rows if row["part"] == "engines" and row["point"]["bond"]})
    for work, words in works:
        for engine, bond in [("exact", None), ("qsim", None), ("mps", None), *(("mps", bond) for bond in bonds)]:
            found = [row for row in engine_rows(rows, work, engine, bond) if "result" in row]  # type: ignore[arg-type]
            found = [row for row in found if _call_seconds(row) >= LEAST_SECONDS and _is_comparable(row)]
            limit = f", bond {bond}" if bond else ""
            yield f"{engine}{limit}, {words}", "P", [(_size(row), _seconds(row)) for row in found]
            found = [row for row in engine_rows(rows, work, engine, bond, "trains") if "result" in row]  # type: ignore[arg-type]
            grown = [row for row in found if 2 ** (_qubits(row) // 2) > 4 * (bond or 1)]
            yield f"mps on trains{limit}, {words}", "n", [(_qubits(row), _seconds(row)) for row in grown]
        wide = [
            row
            for bond in bonds
            for row in engine_rows(rows, work, "mps", bond, "trains")  # type: ignore[arg-type]
            if "result" in row and _size(row) == BOND_STUDY_SIZE and bond >= LEAST_BOND
        ]
        yield f"mps on trains, n = 20, {words}", "bond", [(row["point"]["bond"], _seconds(row)) for row in wide]
    for init in ("normal", "dc"):
        for cost in ("global", "local"):
            found = [
                row
                for row in rows
                if row["part"] == "trainability" and row["point"]["patches"] == "texture"
                if row["point"]["init"] == init and "result" in row
            ]
            for key, words in (("gradient", "gradient"), ("shots", "shots for a gradient")):
                points = [(_size(row), row["result"][cost][key]) for row in found]
                yield f"{words}, {cost} cost, {init} angles", "P", points


def _is_comparable(row: Row) -> bool:
    """Whether the row's work differs from that of the others in P only: training steps on 4 patches."""
    return bool(row["point"]["work"] == "score" or row["point"]["patches"] == TRAIN_PATCHES)


def _call_seconds(row: Row) -> float:
    """Seconds of one call, which scores several patches together."""
    return _seconds(row) * (row["point"]["patches"] if row["point"]["work"] == "score" else 1)


def _seconds(row: Row) -> float:
    return float(row["result"]["seconds"]["best"])


def _size(row: Row) -> float:
    return float(row["point"]["patch_size"])


def _qubits(row: Row) -> float:
    return 2.0 * (int(row["point"]["patch_size"]).bit_length() - 1)
