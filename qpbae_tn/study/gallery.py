"""Galleries of images, anomaly maps and masks (Fig. 4), from the angles that a study recorded."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.engines import make_engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.report.charts import STYLE
from qpbae_tn.study.cells import QUANTUM
from qpbae_tn.study.sources import Source, load
from qpbae_tn.study.tables import StudyResults

COLUMNS = 8


def gallery(source: Source, results: StudyResults) -> bytes:
    """A PNG: images above their maps above their masks, from the best to the worst separated defective image.

    Args:
        source: the data set; its files must be those of the results.
        results: of the study; the paper's P = 4, S = 1, BD = 1 is shown, or the first.

    Raises:
        InputError: other files than the results are of, or no quantum result on this data set.
    """
    if results.contents.digests.get(source.name) != source.digest:
        raise InputError(
            f"not the files that the results of {source.name} are of", where=source.folder, remedy="check `data`"
        )
    own = [one for one in results.configurations if one.data == source.name and one.detector == QUANTUM]
    wanted = [one for one in own if one.matches(patch_size=4, stride=1, bottleneck=1)] or own
    if not wanted:
        raise InputError(f"no quantum result on {source.name}", where="data", remedy="run the study on it first")
    one = wanted[0]
    result = one.results[0]
    cell = results.cells[result["cell"]]
    settings = cell.settings
    specification = settings.specification
    angles = specification.ansatz.check_angles(result["values"]["angles"])
    _, test = load(source.request_for(cell))
    scorer = model_scorer(specification, angles, make_engine(settings.engine), settings.score)
    maps = anomaly_maps(specification, test.images, {"model": scorer})[0]["model"]
    seed = result["parameters"].get("seed")
    sizes = f"P = {settings.patch_size}, S = {settings.stride}, BD = {settings.bottleneck}, seed {seed}"
    return _draw(test, maps, _spread_out(test, maps), f"{source.name}: {sizes}")


def _spread_out(test: LabelledImageSet, maps: np.ndarray) -> list[int]:
    """Defective images from the best to the worst, by how much brighter their map is on the mask than beside it."""
    contrast = {}
    for index in np.flatnonzero(test.defective):
        mask = test.masks[index]
        if not mask.all():
            values = maps[index]
            contrast[int(index)] = float((values[mask].mean() - values[~mask].mean()) / (values.std() + 1e-12))
    ranked = sorted(contrast, key=lambda index: -contrast[index])
    picks = np.linspace(0, len(ranked) - 1, min(COLUMNS, len(ranked))).round().astype(int)
    return [ranked[pick] for pick in picks]


def _draw(test: LabelledImageSet, maps: np.ndarray, chosen: Sequence[int], title: str) -> bytes:
    with rc_context(STYLE):
        figure = Figure(figsize=(1.25 * max(len(chosen), 3), 4.4), layout="constrained")
        grid = figure.subplots(3, max(len(chosen), 1), squeeze=False)
        top = float(maps.max())
        for column, index in enumerate(chosen):
            rows = (test.images[index], maps[index], test.masks[index])
            for axes, picture, colours, high in zip(
                grid[:, column], rows, ("gray", "inferno", "gray"), (1.0, top, 1.0), strict=True
            ):
                axes.imshow(picture, cmap=colours, vmin=0.0, vmax=high, interpolation="nearest")
                axes.set_axis_off()
        figure.suptitle(f"{title}: image, map Y from 0 to {top:.3f}, mask; best to worst separated", fontsize=9)
        stream = BytesIO()
        figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()
