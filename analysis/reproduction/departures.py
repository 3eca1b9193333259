"""What each departure from the paper does, measured: rows of numbers for the page's last section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.tables import Configuration, StudyResults

Row = dict[str, Any]
METRICS = ("auroc", "aupro")
PATCH_SIZES = (4, 8)
REFERENCE = {
    "detector": QUANTUM,
    "stride": 2,
    "bottleneck": 1,
    "init": "authors",
    "split": "authors",
    "score": "reconstruction",
}
CHANGES: dict[str, Mapping[str, Any]] = {
    "a random split": {"split": "random"},
    "other normal angles": {"init": "normal"},
    "angles near the DC solution": {"init": "dc"},
    "F_trash instead of F": {"score": "trash"},
}
"""Changes of one thing at a time, measured on the same test images by the preset `departures`."""
PARAMETER_SIZES = ((2, 1), (4, 1), (4, 2), (8, 1), (8, 2))


def departure_rows(paper: StudyResults, changes: StudyResults) -> dict[str, Any]:
    """What two studies say of the departures; a part is empty where nothing was measured.

    Args:
        paper: results of the preset `paper`.
        changes: results of the preset `departures`.

    Returns:
        JSON document: `changes` (metric after a change less before), `legacy_aupro` (three definitions of AUPRO),
        `subsets` (spread over random test subsets), `zero_patches`, `parameters`.
    """
    return {
        "changes": [*_changes(changes), *_classical(changes)],
        "legacy_aupro": list(_legacy(changes)),
        "subsets": _subsets(paper),
        "zero_patches": [{"data": name, "most": _zero_patches(paper, name)} for name in paper.contents.data],
        "parameters": list(_parameters(paper)),
    }


def _references(changes: StudyResults) -> Iterator[tuple[Row, Configuration]]:
    """The configuration that nothing is changed of, for each data set and patch size."""
    for data in changes.contents.data:
        for size in PATCH_SIZES:
            one = changes.one(data=data, patch_size=size, **REFERENCE)
            if one is not None:
                yield {"data": data, "patch_size": size}, one


def _changes(changes: StudyResults) -> Iterator[Row]:
    for name, change in CHANGES.items():
        for where, before in _references(changes):
            after = changes.one(**{**REFERENCE, **where, **change})
            if after is not None:
                yield {"change": name, **where, **_less(after, before)}


def _classical(changes: StudyResults) -> Iterator[Row]:
    for data in changes.contents.data:
        paper, program = (changes.one(data=data, detector=name) for name in ("classical", "classical_4_4"))
        if paper is not None and program is not None:
            yield {"change": "classical 64-4-4-64 instead of 64-4-64", "data": data, "patch_size": 8} | _less(
                program, paper
            )


def _less(after: Configuration, before: Configuration) -> Row:
    """The change of each metric, mean over seeds; None where one is not defined."""
    found: Row = {}
    for name in METRICS:
        a, b = after.metric(name), before.metric(name)
        found[name] = None if a is None or b is None else a.mean - b.mean
    return found


def _legacy(changes: StudyResults) -> Iterator[Row]:
    paths = {
        "mvtec": ("metrics", "aupro", "value"),
        "anomalib_to_0.3": ("legacy_aupro", "fpr_limit_0.3"),
        "anomalib_without_limit": ("legacy_aupro", "fpr_limit_1"),
    }
    for where, one in _references(changes):
        spreads = {name: one.spread(*path) for name, path in paths.items()}
        yield where | {name: None if spread is None else spread.mean for name, spread in spreads.items()}


def _subsets(paper: StudyResults) -> Row:
    """Least and largest standard deviation over random subsets of the BUSI test images, over configurations."""
    own = [one for one in paper.configurations if one.matches(data="busi", detector=QUANTUM)]
    found: Row = {}
    for metric in METRICS:
        means = [spread.mean for one in own if (spread := one.spread("subsets", metric, "std")) is not None]
        if means:
            found[metric] = {"low": min(means), "high": max(means)}
    return found


def _zero_patches(paper: StudyResults, data: str) -> int:
    """The most patches without any light, training and test together, over configurations and seeds."""
    counts = (
        int(result["values"]["train_zero_patches"]) + int(result["values"]["test_zero_patches"])
        for one in paper.configurations
        if one.matches(data=data, detector=QUANTUM)
        for result in one.results
    )
    return max(counts, default=0)


def _parameters(paper: StudyResults) -> Iterator[Row]:
    for size, bottleneck in PARAMETER_SIZES:
        one = paper.one(detector=QUANTUM, patch_size=size, bottleneck=bottleneck)
        if one is not None:
            values = one.results[0]["values"]
            counts = {"effective": values["effective_parameters"], "nominal": values["parameters"]}
            yield {"patch_size": size, "bottleneck": bottleneck, **counts}
