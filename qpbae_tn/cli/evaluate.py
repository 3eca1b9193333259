"""`qpbae evaluate`: a model against its baselines on labelled images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.experiment.evaluation import Evaluation
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.model.model import Model

SHOWN = {
    "auroc": "AUROC",
    "aupro": "AUPRO",
    "average_precision": "AP",
    "best_f1": "best F1",
    "image_auroc": "image",
}
"""Metrics of the terminal's table and their headings, which must fit 80 columns."""
AT_THRESHOLD = {
    "dice_paper": "Dice",
    "dice_defective": "Dice d",
    "dice_pooled": "Dice p",
    "iou_paper": "IoU",
    "iou_defective": "IoU d",
    "iou_pooled": "IoU p",
}
"""The same for the table at the operating thresholds."""


@o.takes_settings("data", "test", "threshold", "baselines", *o.ENGINE_SETTINGS, "seed", of_model=o.SCORE_SETTINGS)
def evaluate(
    run: o.RunArgument,
    settings: dict[str, Any],
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Evaluate a model and its baselines on a test set; with --output, write metrics, scores and maps."""
    from qpbae_tn.experiment.description import Experiment
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.model.model import Model
    from qpbae_tn.output import check_output_folder, keep_inputs, output_folder, write_json

    reporter = Reporter(json)
    settings["test_seed"] = settings.pop("seed")  # the seed of training is the model's
    model = Model.load(run)
    experiment = Experiment.of_model(model, **settings)
    if output is not None:
        keep_inputs(output, (run,))
        check_output_folder(output, force=force)
    loaded = LoadedExperiment(experiment, model=model)
    if dry_run:
        from qpbae_tn.cli.costs import evaluation_work

        reporter.dry_run(evaluation_work(loaded))
        return
    for notice in experiment.engine_notices():
        reporter.notice(notice)
    _ = loaded.test
    notes = foreign_data_notices(loaded)
    for notice in notes:
        reporter.notice(notice)
    result = evaluate_with_progress(model, loaded, reporter)
    describe(result, reporter)
    document = {**result.to_json(), "notes": notes}
    if output is not None:
        with output_folder(output, force=force) as place:
            write_json(place / "evaluate.json", document)
            write_scores(result, place)
            write_maps(result, place)
        reporter.say(f"Metrics, scores and maps written to {output}")
        document = {**document, "output": str(output)}
    reporter.emit(document)


def foreign_data_notices(loaded: LoadedExperiment) -> list[str]:
    """What a reader of the table must know where the baselines are not fitted on the model's own training images."""
    if not loaded.experiment.baselines or loaded.model is None:
        return []
    if not len(loaded.validation):
        return ["without normal images to spare, the baselines take their thresholds from all test maps"]
    if loaded.on_own_data:
        return []
    return [
        "the model was trained on other images than these: the baselines are fitted on these, the model and its "
        "threshold stay as they are"
    ]


def evaluate_with_progress(model: Model, loaded: LoadedExperiment, reporter: Reporter) -> Evaluation:
    """Fit the baselines and evaluate everything, with a progress bar and notices."""
    from qpbae_tn.experiment.evaluation import evaluate as evaluate_model

    test = loaded.test
    if test.vanished:
        reporter.notice(
            f"{len(test.vanished)} masks vanish at {test.images.shape[1]} px; their images count as good ones"
        )
    with reporter.progress("evaluating", len(test)) as progress:
        result = evaluate_model(model, loaded, on_image=lambda: progress.advance(progress.task_ids[0]))
    for name, reason in result.left_out.items():
        reporter.notice(f"baseline {name} left out: {reason}")
    if result.zero_patches:
        reporter.notice(f"{result.zero_patches} test patches are all zero; |0...0> stands in for them")
    return result


def describe(result: Evaluation, reporter: Reporter) -> None:
    """The metrics' tables on the terminal: the model, then its baselines."""
    from qpbae_tn.report.numbers import stacked

    rows = {"model": result.model, **result.baselines}
    counts = f"{len(result.test)} test images, {int(result.test.defective.sum())} defective"
    reporter.table(
        f"Evaluation on {counts} (95% bootstrap intervals)",
        ("detector", "parameters", *SHOWN.values()),
        [(name, one.parameters, *(stacked(one.metrics[metric]) for metric in SHOWN)) for name, one in rows.items()],
        left=("detector",),
        bold=(0,),
    )
    if result.differences:
        reporter.table(
            "Model minus baseline, paired: the same resamples of images for both (95% intervals)",
            ("baseline", *SHOWN.values()),
            [
                (name, *(stacked(found[metric], sign=True) for metric in SHOWN))
                for name, found in result.differences.items()
            ],
            left=("baseline",),
        )
    reporter.table(
        "At the operating thresholds (d: only images with a defect, p: pooled pixels)",
        ("detector", *AT_THRESHOLD.values()),
        [(name, *(stacked(one.metrics[metric]) for metric in AT_THRESHOLD)) for name, one in rows.items()],
        left=("detector",),
        bold=(0,),
    )


def write_scores(result: Evaluation, place: Path) -> None:
    """scores.csv: one row a test image."""
    from qpbae_tn.metrics.table import decide
    from qpbae_tn.tables import write_csv

    marked, test = decide(result.maps, result.model.threshold), result.test
    rows = [
        {
            "image": name,
            "class": kind,
            "score": f"{found.max():.8f}",
            "mean": f"{found.mean():.8f}",
            "anomalous_fraction": f"{decided.mean():.6f}",
            "mask_fraction": f"{mask.mean():.6f}",
            "defective": int(mask.any()),
        }
        for name, kind, found, decided, mask in zip(
            test.names, test.classes, result.maps, marked, test.masks, strict=True
        )
    ]
    write_csv(place / "scores.csv", rows)


def write_maps(result: Evaluation, place: Path) -> None:
    """maps/*.png: every test map in colours, on one scale."""
    from qpbae_tn.output import write_atomically
    from qpbae_tn.report.pictures import map_picture, png_bytes

    folder = place / "maps"
    folder.mkdir()
    low, high = float(result.maps.min()), float(result.maps.max())
    for index, (name, found) in enumerate(zip(result.test.names, result.maps, strict=True)):
        stem = Path(name).with_suffix("").as_posix().replace("/", "_")
        write_atomically(folder / f"{index:04d}_{stem}.png", png_bytes(map_picture(found, low, high)))
