"""`qpbae segment`: maps of single images, no masks needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.output import Destination, keep_inputs


@o.takes_settings("threshold", *o.ENGINE_SETTINGS, "seed", of_model=o.SCORE_SETTINGS)
def segment(
    run: o.RunArgument,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files.", show_default=False)],
    settings: dict[str, Any],
    output: o.Output = None,
    native: Annotated[
        bool, typer.Option("--native", help="Cut patches at the image's own resolution instead of resizing it first.")
    ] = False,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Write, for each image, its anomaly map (float TIFF, own size), an overlay (PNG) and a row of scores.csv.

    Nothing here is random; --seed is accepted as everywhere.
    """
    import tifffile

    from qpbae_tn.data.images import read_image
    from qpbae_tn.experiment.description import Experiment
    from qpbae_tn.experiment.evaluation import operating_threshold_of
    from qpbae_tn.experiment.segmentation import output_stems
    from qpbae_tn.experiment.segmentation import segment as segment_image
    from qpbae_tn.model.model import Model
    from qpbae_tn.tables import write_csv

    reporter = Reporter(json)
    model = Model.load(run)
    experiment = Experiment.of_model(model, **settings)
    level = operating_threshold_of(model, experiment.scoring, experiment.threshold)
    stems = output_stems(images)
    minimum = model.specification.patch_size
    if dry_run:
        from qpbae_tn.cli.costs import segmentation_work

        found = [read_image(path, minimum_side=minimum) for path in images]
        reporter.dry_run(segmentation_work(model.specification, found, native))
        return
    keep_inputs(output, (run, *images))
    destination = Destination.choose(output, "segment", force=force)
    destination.check()
    for notice in experiment.engine_notices():
        reporter.notice(notice)
    rows = []
    with destination.draft() as draft, reporter.progress("segmenting", len(images)) as progress:
        for path, stem in zip(images, stems, strict=True):
            result = segment_image(model, read_image(path, minimum_side=minimum), experiment, native=native)
            place = draft.place
            tifffile.imwrite(place / f"{stem}_map.tiff", result.anomaly_map.astype("float32"), compression=None)
            result.overlay().save(place / f"{stem}_overlay.png")
            rows.append(result.row)
            progress.advance(progress.task_ids[0])
        write_csv(draft.place / "scores.csv", [row.to_json() for row in rows])
    reporter.table(
        "Anomaly maps",
        ("image", "size", "score (max Y)", "threshold", "anomalous"),
        [
            (
                row.image,
                f"{row.width} x {row.height}",
                f"{row.score:.5f}",
                f"{level:.5f}",
                f"{row.anomalous_fraction:.1%}",
            )
            for row in rows
        ],
        left=("image",),
        wrapped=("image",),
    )
    reporter.say(f"Maps, overlays and scores.csv written to {draft.folder}")
    document = {"images": [row.to_json() for row in rows], "threshold": level, "score": experiment.scoring.label}
    reporter.emit({**document, "output": str(draft.folder)})
