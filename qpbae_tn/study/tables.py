"""Results as tables: for the terminal, Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from qpbae_tn.metrics.titles import METRIC_TITLES
from qpbae_tn.study.summary import Comparison, Configuration, compare_with_paper, varying

SHORT = {"patch_size": "P", "stride": "S", "bottleneck": "BD"}


@dataclass(frozen=True)
class ResultTable:
    """A table.

    Args:
        name: in CSV.
        title: in words.
        header: column names.
        rows: cells as text, for reading.
        raw: the same rows with numbers in full, for CSV.
        raw_header: column names of `raw`.
    """

    name: str
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    raw_header: Sequence[str]
    raw: Sequence[Sequence[Any]]


def result_table(title: str, found: Sequence[Configuration], metrics: Sequence[str]) -> ResultTable:
    """One configuration a row, each metric as mean and standard deviation over seeds."""
    names = varying(found)
    raw_header = ["data", "detector", *names, "seeds"]
    for metric in metrics:
        raw_header += [metric, f"{metric}_std"]
    rows, raw = [], []
    for one in found:
        keys = [one.parameters.get(name, "") for name in names]
        spreads = [one.metric(metric) for metric in metrics]
        start = [one.data, one.detector, *keys, len(one.results)]
        shown = [one.data, one.detector, settings_text(one, names), str(len(one.results))]
        rows.append([*shown, *("-" if spread is None else spread.show() for spread in spreads)])
        numbers = [("", "") if spread is None else (spread.mean, spread.std) for spread in spreads]
        raw.append([*start, *("" if number is None else number for pair in numbers for number in pair)])
    header = ["data", "detector", "settings", "n", *(METRIC_TITLES[metric] for metric in metrics)]
    return ResultTable("results", f"{title} (n seeds)", header, rows, raw_header, raw)


def settings_text(one: Configuration, names: Sequence[str]) -> str:
    """The settings of these names that matter to it, e.g. "P=8 S=2 BD=1 init=dc"."""
    return " ".join(f"{SHORT.get(name, name)}={one.parameters[name]}" for name in names if name in one.parameters)


def paper_tables(found: Sequence[Configuration]) -> list[ResultTable]:
    """Tables I to III beside ours, as far as there are results for them."""
    pairs = compare_with_paper(found)
    numbers = list(dict.fromkeys(pair.paper.table for pair in pairs))
    return [_paper_table(number, [pair for pair in pairs if pair.paper.table == number]) for number in numbers]


def _paper_table(number: str, pairs: Sequence[Comparison]) -> ResultTable:
    header = ["data", "BD", "S", "metric", "ours", "paper", "diff.", "σ", "σ*"]
    raw_header = ["data", "patch_size", "bottleneck", "stride", "metric", "ours", "ours_std", "paper", "paper_std"]
    raw_header += ["difference", "sigmas", "sigmas_with_subsets"]
    rows, raw = [], []
    for pair in pairs:
        cell = pair.paper
        for metric in ("aupro", "auroc"):
            ours, (mean, std) = pair.ours.metric(metric), cell.values[metric]
            if ours is None:
                continue
            place = [cell.category, str(cell.bottleneck), str(cell.stride), METRIC_TITLES[metric]]
            difference, sigmas = pair.difference(metric), pair.deviations(metric)
            wide = pair.deviations_with_subsets(metric)
            shown = [ours.show(), f"{mean:.3f} ± {std:.3f}", f"{difference:+.3f}", _signed(sigmas), _signed(wide)]
            rows.append([*place, *shown])
            line = [cell.category, cell.patch_size, cell.bottleneck, cell.stride, metric, ours.mean, ours.std]
            raw.append(["" if v is None else v for v in [*line, mean, std, difference, sigmas, wide]])
    title = f"Table {number}, P = {pairs[0].paper.patch_size} (difference in σ over seeds; σ*: and test subsets)"
    return ResultTable(f"table-{number}", title, header, rows, raw_header, raw)


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f}"


def to_markdown(table: ResultTable) -> str:
    """As a Markdown table below a heading."""
    lines = [f"### {table.title}", "", _markdown_row(table.header), "|" + " --- |" * len(table.header)]
    return "\n".join([*lines, *(_markdown_row(row) for row in table.rows)]) + "\n"


def to_csv(tables: Sequence[ResultTable]) -> str:
    """As one CSV table, numbers in full: each row begins with the name of its table and is empty where that ends."""
    columns = dict.fromkeys(name for table in tables for name in table.raw_header)
    text = StringIO()
    writer = csv.DictWriter(text, ["table", *columns], lineterminator="\n")
    writer.writeheader()
    for table in tables:
        writer.writerows({"table": table.name, **dict(zip(table.raw_header, row, strict=True))} for row in table.raw)
    return text.getvalue()


def to_latex(table: ResultTable) -> str:
    """As a LaTeX tabular with booktabs rules."""
    columns = "".join("l" if not any(_numeric(row[i]) for row in table.rows) else "r" for i in range(len(table.header)))
    lines = [f"% {table.title}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _latex_row(table.header), r"\midrule"]
    lines += [_latex_row(row) for row in table.rows]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


FORMATS: dict[str, Callable[[Sequence[ResultTable]], str]] = {
    "markdown": lambda tables: "\n".join(map(to_markdown, tables)),
    "csv": to_csv,
    "latex": lambda tables: "\n".join(map(to_latex, tables)),
}
"""Several tables as one text."""


def _numeric(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "+-"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


_LATEX = str.maketrans({"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "±": r"$\pm$", "σ": r"$\sigma$", "$": r"\$"})


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cell.translate(_LATEX) for cell in cells) + r" \\"
