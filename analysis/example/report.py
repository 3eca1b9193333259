"""The page `example`: the main job on the bundled textures, with its maps."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from qpbae_tn.analysis.pages import Report, ReportOptions
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.splits import random_split
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.experiment.baselines import BASELINES
from qpbae_tn.experiment.evaluation import Evaluation, evaluate_model, fit_baselines
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.training import train_model, versions
from qpbae_tn.metrics.table import decide
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.report.charts import STYLE
from qpbae_tn.report.page import Foot, Heading, Page, Picture, Table, Text
from qpbae_tn.report.render import rows_as_csv

TITLE = "An example: from images to a map"
METRICS = ("auroc", "aupro", "average_precision", "best_f1", "image_auroc")
SHOWN = 5
BEST_OF_CLASS = 3


def make(options: ReportOptions) -> Page:
    """Train and evaluate the default model on the bundled textures."""
    options.progress("example")
    specification = ModelSpecification.build()
    data_set = open_data_set("textures")
    images = data_set.train(specification.image_size)
    split = random_split(len(images), options.seed)
    train, validation = images.take(split.train), images.take(split.validation)
    engine = ExactEngine()
    angles = initial_angles(specification.ansatz, "normal", options.seed)
    outcome = train_model(
        specification, engine, train.images, validation.images, angles, provenance={"seed": options.seed}
    )
    baselines, _ = fit_baselines(tuple(BASELINES), outcome.model, engine, "reconstruction", train.images)
    result = evaluate_model(
        outcome.model,
        engine,
        data_set.test(specification.image_size),
        baselines=baselines,
        validation_images=validation.images,
        threshold=outcome.model.thresholds["reconstruction"],
        seed=options.seed,
    )
    results = {"model": result.model, **result.baselines}
    rows = [{"detector": name, **found.to_json()} for name, found in results.items()]
    lines = [
        [
            name.replace("_", " "),
            str(found.parameters),
            *(f"{v.value:.3f} ({v.low:.2f} to {v.high:.2f})" for v in (found.metrics[m] for m in METRICS)),
        ]
        for name, found in results.items()
    ]
    auroc, aupro = (result.model.metrics[name].value for name in ("auroc", "aupro"))
    return Page(
        name="example",
        title=TITLE,
        lead="The default model (patches of 4 x 4 px, 4 qubits, 2 of them latent, 6 angles) on the bundled brick "
        f"texture: pixel AUROC {auroc:.3f}, AUPRO {aupro:.3f}. `qpbae run` does the same and more.",
        blocks=[
            Picture(
                "maps", _maps(result), "Input, anomaly map, mask of the defect, and decision of the trained model."
            ),
            Heading("Beside the baselines"),
            Table(
                ["detector", "parameters", *(m.replace("_", " ") for m in METRICS)], lines, "95% bootstrap intervals."
            ),
            Text(
                f"Final loss {outcome.history[-1].loss:.4f}; no product filter, which one layer of the paper's blocks "
                f"is, comes below {outcome.product_ceiling_loss:.4f}, no encoder below {outcome.ceiling_loss:.4f}."
            ),
        ],
        document={"rows": rows, "train": {"history": [record.to_json() for record in outcome.history]}},
        foot=Foot(options.command("example"), options.seed, "bundled textures (brick, CC0)", versions()),
        tables={"detectors": rows_as_csv(rows)},
    )


def _maps(result: Evaluation) -> bytes:
    """Input, map, mask and decision of test images: the clearest of each class, the faintest defect, a good one."""
    score = result.maps.max(axis=(1, 2))
    classes = np.array(result.test.classes)
    chosen = [
        int(members[np.argmax(score[members])])
        for members in (np.flatnonzero(classes == kind) for kind in sorted(set(classes) - {"good"}))
    ][:BEST_OF_CLASS]
    defective, good = np.flatnonzero(classes != "good"), np.flatnonzero(classes == "good")
    chosen += [int(defective[np.argmin(score[defective])]), int(good[np.argsort(score[good])[len(good) // 2]])]
    decisions = decide(result.maps, result.model.threshold)
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 5.9), layout="constrained", dpi=110)
        axes = canvas.subplots(4, len(chosen[:SHOWN]))
        for column, index in enumerate(chosen[:SHOWN]):
            pictures = (
                (result.test.images[index], "gray", 0.0, 1.0),
                (result.maps[index], "inferno", float(result.maps.min()), float(result.maps.max())),
                (result.test.masks[index], "gray", 0.0, 1.0),
                (decisions[index], "gray", 0.0, 1.0),
            )
            for row, (values, colours, low, high) in enumerate(pictures):
                place = axes[row][column]
                place.imshow(values, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
                place.set_xticks([])
                place.set_yticks([])
                if row == 0:
                    place.set_title(result.test.classes[index], fontsize=10)
                if column == 0:
                    place.set_ylabel(("input", "map", "mask", "decision")[row])
        stream = BytesIO()
        canvas.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


REPORT = Report(
    name="example",
    title=TITLE,
    make=make,
    inputs=("analysis/example", "qpbae_tn/experiment", "qpbae_tn/data/textures.py", "qpbae_tn/model"),
)
