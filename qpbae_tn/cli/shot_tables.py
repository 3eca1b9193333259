"""A shot study on the terminal, in tables of 80 columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.analysis.shots.needed import NeededShots
    from qpbae_tn.cli.shot_study import Found
    from qpbae_tn.interval import Interval


def describe(found: Found, reporter: Reporter) -> None:
    """Tables on the terminal, 80 columns wide."""
    _describe_rows(found, reporter)
    if found.needed:
        _describe_needed(found, reporter)
    if found.training:
        _describe_training(found, reporter)


def _describe_rows(found: Found, reporter: Reporter) -> None:
    from qpbae_tn.interval import LEAST_REPETITIONS

    repetitions = len(found.study.rows[0].auroc)
    enough = repetitions >= LEAST_REPETITIONS
    told = f"mean, 95% of {repetitions} repetitions" if enough else f"mean of {repetitions}, no range"
    table = _table(f"Maps of {found.subject.image_count} images against shots per patch ({told})")
    for heading in ("readout", "shots", "AUROC", "AUPRO", "Dice", "FPR"):
        table.add_column(heading, justify="left" if heading == "readout" else "right", no_wrap=True)
    study = found.study
    own = "dice_paper" if found.subject.validation is not None else "dice_paper_exact_threshold"
    rate = "fpr" if found.subject.validation is not None else "fpr_exact_threshold"
    for readout in dict.fromkeys(row.readout for row in study.rows):
        rows = study.of(readout)
        for row in rows:
            values = row.metrics
            table.add_row(
                readout if row is rows[0] else "",
                f"{row.shots:,}",
                _ranged(values["auroc"]),
                _ranged(values["aupro"]),
                _number(values[own].value),
                _number(values[rate].value),
            )
        exact = study.exact[rows[0].quantity]
        table.add_row("", "exact", *(_number(exact[name]) for name in ("auroc", "aupro", own, rate)), end_section=True)
    reporter.console.print(table)
    note = "Dice and FPR are means; --json and --output hold their ranges"
    few = f"ranges need at least {LEAST_REPETITIONS} --repetitions"
    reporter.console.print(note if enough else few, markup=False)


def _describe_needed(found: Found, reporter: Reporter) -> None:
    from qpbae_tn.analysis.shots.needed import LOSSES

    table = _table("Shots per patch for a given loss of AUROC")
    for heading in ("readout", "qubits", *(f"loss {loss:g}" for loss in LOSSES), "states a map"):
        table.add_column(heading, justify="left" if heading == "readout" else "right", no_wrap=True)
    for readout in dict.fromkeys(row.readout for row in found.needed):
        rows = [row for row in found.needed if row.readout == readout]
        last = rows[-1].shots * rows[-1].preparations_per_shot_and_image
        told = [_shots(row) for row in rows]
        qubits = found.study.of(readout)[0].cost.qubits
        table.add_row(readout, str(qubits), *told, f"{last:.1e}" if math.isfinite(last) else "-")
    reporter.console.print(table)
    reporter.console.print(f"states a map: patch states prepared for one map at a loss of {LOSSES[-1]:g}", markup=False)


def _describe_training(found: Found, reporter: Reporter) -> None:
    table = _table("Trained from shots: final loss and AUROC, both exact (mean of the trainings)")
    for heading in ("readout", "patches", "shots", "in all", "loss", "AUROC"):
        table.add_column(heading, justify="left" if heading == "readout" else "right", no_wrap=True)
    for row in found.training:
        table.add_row(
            row.readout or "exact gradients",
            row.scheme.value.removesuffix("_patches").removesuffix("_patch") if row.scheme else "",
            f"{row.shots:,}" if row.shots else "",
            f"{row.total_shots:.1e}" if row.total_shots else "",
            f"{row.metrics['loss'].value:.5f}",
            _number(row.metrics["auroc"].value),
        )
    reporter.console.print(table)


def _table(title: str) -> Any:
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}".removeprefix("0")


def _ranged(spread: Interval) -> str:
    """Mean and range as .945 .944-.947; the mean alone without a range, a dash where it is not defined."""
    if math.isnan(spread.low):
        return _number(spread.value)
    return f"{_number(spread.value)} {_number(spread.low)}-{_number(spread.high)}"


def _shots(row: NeededShots) -> str:
    """Shots and their range, if it is told, to two digits."""
    if math.isinf(row.shots):
        return "not reached"
    value = f"{'<' if row.bound == 'at_most' else ''}{_two_digits(row.shots)}"
    if math.isnan(row.low):
        return value
    ends = "-".join("?" if math.isinf(end) else _two_digits(end) for end in (row.low, row.high))
    return f"{value} ({ends})"


def _two_digits(value: float) -> str:
    places = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -places):,.0f}"
