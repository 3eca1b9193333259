"""A noise study on the terminal, in tables of 80 columns."""

from __future__ import annotations

from typing import Any

from qpbae_tn.cli.reporter import Reporter

_CASE = ("P", "noise", "readout")
_HEADS = {"preparation": "prep", "encoder": "enc", "decoder": "dec", "readout": "read", "measurement": "bits"}


def describe(document: dict[str, Any], reporter: Reporter) -> None:
    """Responses and maps by case, contrast lost by stage, training."""
    _describe_responses(document["rows"], reporter)
    _describe_maps(document["rows"], reporter)
    if document["stage_rows"]:
        sources = list(dict.fromkeys(row["source"] for row in document["stage_rows"]))
        table = _table(
            "Contrast lost to each source of noise alone",
            "P",
            "target",
            "readout",
            *(_HEADS.get(s, s) for s in sources),
        )
        cases: dict[tuple[Any, ...], list[str]] = {}
        for row in document["stage_rows"]:
            key = (str(row["patch_size"]), row["target"], row["readout"])
            cases.setdefault(key, []).append(f"{round(row['contrast_lost'], 3) + 0.0:.3f}")
        for key, cells in cases.items():
            table.add_row(*key, *cells)
        reporter.console.print(table)
        reporter.console.print(
            "read: gates of the readout and waits for it; bits: errors of reading them", markup=False
        )
    for row in document["training_rows"]:
        reporter.console.print(
            f"P={row['patch_size']}, p={row['p']:g}, {row['trained']} training: loss {row['loss_without_noise']:.5f} "
            f"without noise, AUROC {_short(row['noisy']['auroc']['value'])} with it",
            markup=False,
        )


def _describe_responses(rows: list[dict[str, Any]], reporter: Reporter) -> None:
    table = _table("Noisy scores against exact ones", *_CASE, "slope", "scatter", "shots")
    for row in rows:
        shots = f"x{row['shots_factor']:.3g}" if row["shots_factor"] else "-"
        table.add_row(*_case(row), _ranged(row["response"]["slope"]), _short(row["scatter_of_f"], 4), shots)
    reporter.console.print(table)
    reporter.console.print(
        "slope: contrast left, 95% interval; scatter: of F after undoing the line\n"
        "shots: how many times more for the same standard error",
        markup=False,
    )


def _describe_maps(rows: list[dict[str, Any]], reporter: Reporter) -> None:
    table = _table("Maps from noisy scores, without shot noise", *_CASE, "AUROC", "exact", "AUPRO", "exact")
    for row in rows:
        noisy, exact = row["noisy"], row["exact"]
        cells = [_ranged(noisy["auroc"]), *(_short(m["value"]) for m in (exact["auroc"], noisy["aupro"]))]
        table.add_row(*_case(row), *cells, _short(exact["aupro"]["value"]))
    reporter.console.print(table)
    reporter.console.print("AUROC with its 95% interval over images; --json has all intervals", markup=False)


def _case(row: dict[str, Any]) -> tuple[str, str, str]:
    return str(row["patch_size"]), row["target"] or f"p={row['p']:g}", row["readout"]


def _table(title: str, *headings: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(
            heading, no_wrap=True, justify="left" if heading in ("noise", "readout", "target") else "right"
        )
    return table


def _short(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}".replace("0.", ".", 1)


def _ranged(value: dict[str, float | None]) -> str:
    """Value and interval as .930 .902-.949."""
    if value["low"] is None:
        return _short(value["value"])
    return f"{_short(value['value'])} {_short(value['low'])}-{_short(value['high'])}"
