"""`qpbae evaluate`: a model against its baselines on labelled images."""

from __future__ import annotations

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter


def evaluate(
    run: o.RunArgument,
    data: o.Data = "textures",
    test: o.TestCount = None,
    score: o.ScoreName = "reconstruction",
    threshold: o.Threshold = None,
    baselines: o.Baselines = "all",
    engine: o.EngineName = "exact",
    bond: o.Bond = "none",
    cutoff: o.Cutoff = 0.0,
    seed: o.Seed = 0,
    output: o.Output = None,
    force: o.Force = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Evaluate a model and its baselines on a test set; with --output, write metrics, scores and maps."""
    from qpbae_tn.cli.destination import keep_inputs
    from qpbae_tn.cli.engine import choose_engine, engine_notices
    from qpbae_tn.cli.evaluation import (
        baseline_names,
        describe,
        foreign_data_notices,
        training_images,
        write_maps,
        write_scores,
    )
    from qpbae_tn.cli.evaluation import evaluate as evaluate_as_asked
    from qpbae_tn.data.layouts import open_data_set
    from qpbae_tn.experiment.segmentation import operating_threshold_of
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.names import check_score
    from qpbae_tn.output import check_output_folder, output_folder, write_json

    reporter = Reporter(json)
    check_score(score)
    names = baseline_names(baselines)
    model, chosen = Model.load(run), choose_engine(engine, bond, cutoff)
    level = operating_threshold_of(model, score, threshold)  # type: ignore[arg-type]
    if output is not None:
        keep_inputs(output, (run,))
        check_output_folder(output, force=force)
    specification = model.specification
    data_set = open_data_set(data, minimum_side=specification.patch_size)
    test_set = data_set.test(specification.image_size, limit=test, seed=seed)
    if dry_run:
        from qpbae_tn.cli.pricing import dry_run_evaluation

        dry_run_evaluation(specification, len(test_set), specification.image_size, reporter)
        return
    for notice in engine_notices(chosen, specification):
        reporter.notice(notice)
    normal = training_images(data_set, model) if names else None
    notes = foreign_data_notices(model, normal, names)
    for notice in notes:
        reporter.notice(notice)
    result = evaluate_as_asked(model, chosen, test_set, normal, names, score, level, seed, reporter)
    describe(result, reporter)
    document = {**result.to_json(), "notes": notes}
    if output is not None:
        with output_folder(output, force=force) as place:
            write_json(place / "evaluate.json", document)
            write_scores(result, place)
            write_maps(result, place)
        reporter.console.print(f"Metrics, scores and maps written to {output}", markup=False, soft_wrap=True)
        document = {**document, "output": str(output)}
    reporter.emit(document)
