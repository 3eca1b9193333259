"""`qpbae segment`: maps of single images, no masks needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.destination import Destination, keep_inputs
from qpbae_tn.cli.reporter import Reporter


def segment(
    run: o.RunArgument,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files.", show_default=False)],
    output: o.Output = None,
    score: o.ScoreName = "reconstruction",
    threshold: o.Threshold = None,
    native: Annotated[
        bool, typer.Option("--native", help="Cut patches at the image's own resolution instead of resizing it first.")
    ] = False,
    engine: o.EngineName = "exact",
    bond: o.Bond = "none",
    cutoff: o.Cutoff = 0.0,
    force: o.Force = False,
    json: o.JsonFile = None,
    seed: o.Seed = 0,
    dry_run: o.DryRun = False,
) -> None:
    """Write, for each image, its anomaly map (float TIFF, own size), an overlay (PNG) and a row of scores.csv.

    Nothing here is random; --seed is accepted as everywhere.
    """
    import csv
    from io import StringIO

    import tifffile
    from rich.table import Table

    from qpbae_tn.cli.engine import choose_engine, engine_notices
    from qpbae_tn.data.images import read_image
    from qpbae_tn.experiment.segmentation import operating_threshold_of, output_stems, overlay
    from qpbae_tn.experiment.segmentation import segment as segment_image
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.names import check_score
    from qpbae_tn.output import write_atomically

    reporter = Reporter(json)
    check_score(score)
    model, chosen = Model.load(run), choose_engine(engine, bond, cutoff)
    level = operating_threshold_of(model, score, threshold)  # type: ignore[arg-type]
    stems = output_stems(images)
    minimum = model.specification.patch_size
    if dry_run:
        from qpbae_tn.cli.pricing import dry_run_segmentation

        dry_run_segmentation(
            model.specification, [read_image(path, minimum_side=minimum) for path in images], native, reporter
        )
        return
    keep_inputs(output, (run, *images))
    destination = Destination.choose(output, "segment", force=force)
    destination.check()
    for notice in engine_notices(chosen, model.specification):
        reporter.notice(notice)
    rows = []
    with destination.draft() as draft, reporter.progress("segmenting", len(images)) as progress:
        for path, stem in zip(images, stems, strict=True):
            image = read_image(path, minimum_side=minimum)
            found, row = segment_image(model, chosen, image, score, level, native=native)  # type: ignore[arg-type]
            tifffile.imwrite(draft.place / f"{stem}_map.tiff", found.astype("float32"), compression=None)
            overlay(image, found, level).save(draft.place / f"{stem}_overlay.png")
            rows.append(row.to_json())
            progress.advance(progress.task_ids[0])
        text = StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(draft.place / "scores.csv", text.getvalue())
    table = Table(title="Anomaly maps", title_justify="left")
    for name in ("image", "size", "score (max Y)", "threshold", "anomalous"):
        table.add_column(name, justify="left" if name == "image" else "right")
    for row_ in rows:
        table.add_row(
            str(row_["image"]),
            f"{row_['width']} x {row_['height']}",
            f"{row_['score']:.5f}",
            f"{level:.5f}",
            f"{row_['anomalous_fraction']:.1%}",
        )
    reporter.console.print(table)
    reporter.console.print(f"Maps, overlays and scores.csv written to {draft.folder}", markup=False, soft_wrap=True)
    reporter.emit({"images": rows, "threshold": level, "score": score, "output": str(draft.folder)})
