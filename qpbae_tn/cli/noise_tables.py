"""A noise study on the terminal, in tables of 80 columns."""

from __future__ import annotations

from typing import Any

from qpbae_tn.cli.reporter import Reporter

_HEADS = {"preparation": "prep", "encoder": "enc", "decoder": "dec", "readout": "read", "measurement": "bits"}


def describe(document: dict[str, Any], reporter: Reporter) -> None:
    """Responses and maps by case, contrast lost by stage, training."""
    table = _table("Noisy scores against exact ones, and maps", "P", "noise", "readout", "slope", "scatter", "shots")
    for heading in ("AUROC", "exact", "AUPRO", "exact"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in document["rows"]:
        response = row["response"]
        table.add_row(
            str(row["patch_size"]),
            row["target"] or f"p={row['p']:g}",
            row["readout"],
            f"{response['slope']['value']:.3f}",
            _short(row["scatter_of_f"]),
            f"x{row['shots_factor']:.3g}" if row["shots_factor"] else "-",
            *(_short(row[kind][metric]["value"]) for metric in ("auroc", "aupro") for kind in ("noisy", "exact")),
        )
    reporter.console.print(table)
    reporter.console.print("scatter: of F after undoing the line; shots: for the same standard error", markup=False)
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
            cases.setdefault(key, []).append(f"{row['contrast_lost'] + 0.0:.3f}")
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


def _table(title: str, *headings: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(
            heading, no_wrap=True, justify="left" if heading in ("noise", "readout", "target") else "right"
        )
    return table


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}".replace("0.", ".", 1)
