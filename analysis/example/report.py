"""The page `example`: the main job on the bundled textures, with its maps."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from qpbae_tn.analysis.pages import Document, Page, PageOptions, Result
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.evaluation import Evaluation, evaluate
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import TrainingOutcome, train
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.metrics.table import decide
from qpbae_tn.report.charts import STYLE
from qpbae_tn.report.content import Content, Figure
from qpbae_tn.tables import frame

METRICS = ("auroc", "aupro", "average_precision", "best_f1", "image_auroc")
SHOWN = 5
BEST_OF_CLASS = 3


def run(options: PageOptions) -> Result:
    """Train and evaluate the default model on the bundled textures."""
    options.progress("example")
    outcome, found = _train_and_evaluate(options.seed)
    document = {"rows": _rows(found), "train": _training(outcome)}
    return Result(document, {"maps": Figure(_maps(found))}, {"textures": found.test.provenance.digest})


def content(document: Document) -> Content:
    """The detectors as a table, the model's own row as values."""
    rows = document["rows"]
    detectors = pd.DataFrame(
        {
            "detector": [row["detector"].replace("_", " ") for row in rows],
            "parameters": [row["parameters"] for row in rows],
            **{METRIC_TITLES[name]: [row[name] for row in rows] for name in METRICS},
        }
    )
    values = {"model": rows[0], "train": document["train"]}
    return Content(values, {"detectors": detectors}, files={"detectors": frame(rows)})


def recompute(document: Document) -> Iterator[tuple[Any, Any]]:
    """All of it: it takes seconds."""
    outcome, found = _train_and_evaluate(0)
    yield document["rows"], _rows(found)
    yield document["train"], _training(outcome)


def _train_and_evaluate(seed: int) -> tuple[TrainingOutcome, Evaluation]:
    loaded = LoadedExperiment(Experiment(seed=seed))
    outcome = train(loaded)
    return outcome, evaluate(outcome.model, loaded)


def _rows(found: Evaluation) -> list[dict[str, Any]]:
    return [{"detector": name, **one.to_json()} for name, one in {"model": found.model, **found.baselines}.items()]


def _training(outcome: TrainingOutcome) -> dict[str, Any]:
    return {
        "history": [record.to_json() for record in outcome.history],
        "ceiling_loss": outcome.ceiling_loss,
        "product_ceiling_loss": outcome.product_ceiling_loss,
    }


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


PAGE = Page("example", run, content, recompute, picture="maps", minutes=0.1)
