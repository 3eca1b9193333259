"""Pictures of a study's results: charts of metrics, of Dice and IoU, strides and losses; galleries of maps."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qpbae_tn.data.data_set import LabelledImageSet
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer
from qpbae_tn.metrics.evaluation import METRIC_TITLES
from qpbae_tn.report.charts import PALETTE, STYLE, Chart, chart
from qpbae_tn.study.cells import DETECTORS, QUANTUM
from qpbae_tn.study.sources import Source, load
from qpbae_tn.study.tables import SHORT, Configuration, StudyResults, varying
from qpbae_tn.study.work import CURVE_THRESHOLDS

METRICS = ("aupro", "auroc")
MARKERS = dict(zip(DETECTORS, cycle("oXDsv^"), strict=False))
"""A shape a detector, so that charts can be read without colours."""
COLOURS = dict(zip(DETECTORS, cycle(PALETTE), strict=False))
MARGIN_INCHES = 0.1
AXES_INCHES = 4.5
"""Width that long names beside a chart leave to it."""
FEW_EPOCHS = 3
"""Losses of fewer epochs are drawn with markers: a line through one point is none."""


def charts(found: Sequence[Configuration]) -> dict[str, str]:
    """All charts that these results allow, file name without suffix to SVG text."""
    pictures = {}
    for data in dict.fromkeys(one.data for one in found):
        own = [one for one in found if one.data == data]
        for metric in METRICS:
            if any(one.metric(metric) is not None for one in own):
                pictures[f"{metric}-{data}"] = metric_chart(own, metric, f"{METRIC_TITLES[metric]} on {data}")
        for metric in METRICS:
            if compared := stride_chart(own, metric):
                pictures[f"classical-{metric}-{data}"] = compared
        trained = [one for one in own if one.detector == QUANTUM and _recorded(one, "losses")]
        if trained:
            pictures[f"loss-{data}"] = loss_chart(trained, data)
    for axis in ("paper", "ours"):
        if drawn := overlap_chart(found, axis):
            pictures[f"overlap-{axis}-scale"] = drawn
    return pictures


def metric_chart(found: Sequence[Configuration], metric: str, title: str) -> str:
    """One line a setting of patches, all detectors on it; error bars are standard deviations over seeds."""
    quantum = [one for one in found if one.detector == QUANTUM] or list(found)
    names = [name for name in varying(quantum) if name not in ("engine", "score")]
    rows = list(dict.fromkeys(_place(one, names) for one in quantum))
    height = 1.1 + 0.3 * len(rows)
    with chart(
        f"{METRIC_TITLES[metric]}, mean ± standard deviation over seeds", "", title=title, size_inches=(6.8, height)
    ) as drawn:
        for detector in DETECTORS:
            points = [
                (row_number, spread)
                for row_number, row in enumerate(rows)
                for one in found
                if one.detector == detector and _fits(one, names, row)
                for spread in [one.metric(metric)]
                if spread is not None
            ]
            if points:
                numbers, spreads = zip(*points, strict=True)
                drawn.axes.errorbar(
                    [spread.mean for spread in spreads],
                    np.asarray(numbers, dtype=float) + _offset(detector),
                    xerr=[spread.std or 0.0 for spread in spreads],
                    fmt=MARKERS[detector],
                    color=COLOURS[detector],
                    markersize=5,
                    linewidth=1.2,
                    label=detector.replace("_", " "),
                )
        drawn.axes.set_yticks(range(len(rows)), [_text(names, row) or "all" for row in rows])
        drawn.axes.set_ylim(len(rows) - 0.5, -0.5)
        _make_room(drawn, columns=3)
    return drawn.svg


def overlap_chart(found: Sequence[Configuration], axis: str) -> str | None:
    """Dice and IoU against the threshold (Fig. 5), for each data set the paper's P = 4, S = 1, BD = 2, or the first.

    Args:
        found: configurations with recorded curves.
        axis: "paper" for its scale (3 + F) / 4, "ours" for Y = (1 - F) / 2.
    """
    shown = []
    for data in dict.fromkeys(one.data for one in found):
        own = [one for one in found if one.data == data and one.detector == QUANTUM and _recorded(one, "curves")]
        wanted = [one for one in own if one.matches(patch_size=4, stride=1, bottleneck=2)] or own
        shown += wanted[:1]
    if not shown:
        return None
    x = 1 - CURVE_THRESHOLDS / 2 if axis == "paper" else CURVE_THRESHOLDS
    text = (
        "threshold on (3 + F) / 4, anomalous below"
        if axis == "paper"
        else "threshold on Y = (1 - F) / 2, anomalous above"
    )
    with chart(text, "mean over images", title="Dice (lines) and IoU (dashed)", size_inches=(6.2, 3.8)) as drawn:
        for index, one in enumerate(shown):
            sizes = " ".join(f"{SHORT[name]}={one.parameters[name]}" for name in SHORT)
            for curve, style in (("dice", "-"), ("iou", "--")):
                values = np.array([result["values"]["curves"][curve] for result in one.results], dtype=float)
                name = f"{one.data}, {sizes}" if curve == "dice" else None
                drawn.axes.plot(x, values.mean(axis=0), style, color=PALETTE[index % len(PALETTE)], label=name)
                drawn.axes.fill_between(
                    x, values.min(axis=0), values.max(axis=0), color=PALETTE[index % len(PALETTE)], alpha=0.15, lw=0
                )
        _end_where_flat(drawn, x, shown)
        drawn.axes.legend()
    return drawn.svg


def stride_chart(found: Sequence[Configuration], metric: str) -> str | None:
    """A metric against the stride, the model against the classical autoencoder of the same compression (Fig. 6)."""
    classical = [one for one in found if one.detector.startswith("classical")]
    if not classical:
        return None
    sizes = {one.parameters["patch_size"] for one in classical}
    others = [
        one
        for one in found
        if one.parameters["patch_size"] in sizes
        and (one.detector == "dc_overlap" or (one.detector == QUANTUM and one.parameters["bottleneck"] == 2))
    ]
    drawn_any = [*others, *classical]
    title = f"{METRIC_TITLES[metric]} on {classical[0].data}, P = {', '.join(map(str, sorted(sizes)))}"
    with chart("stride in pixels", f"{METRIC_TITLES[metric]}, ± standard deviation over seeds", title=title) as drawn:
        for detector in DETECTORS:
            points = sorted(
                (int(one.parameters["stride"]), spread.mean, spread.std or 0.0)
                for one in drawn_any
                for spread in [one.metric(metric)]
                if one.detector == detector and spread is not None
            )
            if points:
                x, y, spread_ = np.array(points).T
                drawn.axes.errorbar(
                    x * (1 + 0.25 * _offset(detector)),
                    y,
                    spread_,
                    fmt=f"{MARKERS[detector]}-",
                    capsize=3,
                    color=COLOURS[detector],
                    label=_NAMES.get(detector, detector),
                )
        strides = sorted({int(one.parameters["stride"]) for one in drawn_any})
        drawn.axes.set_xscale("log", base=2)
        drawn.axes.set_xticks(strides, [str(stride) for stride in strides])
        drawn.axes.minorticks_off()
        drawn.axes.legend()
    return drawn.svg


def loss_chart(found: Sequence[Configuration], data: str) -> str:
    """The training loss, mean over seeds; of configurations that differ in their stride the one with the smallest."""
    names = [name for name in varying(found) if name != "stride"]
    chosen: dict[tuple[object, ...], Configuration] = {}
    for one in sorted(found, key=lambda one: int(one.parameters["stride"])):
        chosen.setdefault(_place(one, names), one)
    with chart("epoch", "loss (Eq. 8), mean over seeds", title=f"Loss on {data}", size_inches=(6.2, 3.4)) as drawn:
        for index, (place, one) in enumerate(chosen.items()):
            values = np.array([result["values"]["losses"] for result in one.results], dtype=float)
            drawn.axes.plot(
                range(1, values.shape[1] + 1),
                values.mean(axis=0),
                ("-", "--", ":")[index // len(PALETTE) % 3],
                color=PALETTE[index % len(PALETTE)],
                marker="o" if values.shape[1] < FEW_EPOCHS else None,
                label=_text(names, place) or "quantum",
            )
        drawn.axes.set_yscale("log")
        drawn.axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
        _make_room(drawn, columns=4)
    return drawn.svg


_NAMES = {
    QUANTUM: "quantum, BD = 2",
    "classical": "classical, 64-4-64",
    "classical_4_4": "classical, 64-4-4-64",
    "dc_overlap": "DC overlap, no training",
}


def _recorded(one: Configuration, name: str) -> bool:
    """Whether all its results hold values of this name; no losses are none."""
    return all(result["values"].get(name) for result in one.results)


def _place(one: Configuration, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(one.parameters.get(name) for name in names)


def _text(names: Sequence[str], place: Sequence[object]) -> str:
    """A short name such as "P=8 S=2 BD=1"."""
    return " ".join(f"{SHORT.get(name, name)}={value}" for name, value in zip(names, place, strict=True))


def _fits(one: Configuration, names: Sequence[str], row: Sequence[object]) -> bool:
    """Whether a detector belongs on a line: it agrees in all that matters to it."""
    return all(
        name not in one.parameters or one.parameters[name] == value for name, value in zip(names, row, strict=True)
    )


def _make_room(drawn: Chart, columns: int) -> None:
    """A legend below the chart, in at most so many columns; the figure grows until all names are inside it."""
    figure, axes = drawn.figure, drawn.axes
    # Sizes are measured without a layout, for which there may be no room before the figure has grown.
    figure.set_layout_engine("none")
    figure.draw_without_rendering()
    names = max((label.get_window_extent().width for label in axes.get_yticklabels()), default=0.0) / figure.dpi
    width, height = figure.get_size_inches()
    width = max(width, AXES_INCHES + names)
    for count in range(columns, 0, -1):
        legend = figure.legend(loc="lower center", ncols=count)
        figure.draw_without_rendering()
        box = legend.get_window_extent()
        legend.remove()
        if box.width / figure.dpi + 2 * MARGIN_INCHES <= width:
            break
    width = max(width, box.width / figure.dpi + 2 * MARGIN_INCHES)
    figure.set_size_inches(width, height + box.height / figure.dpi)
    figure.set_layout_engine("constrained")
    figure.legend(loc="outside lower center", ncols=count)
    # A long title or axis label may still stand out at the right; it moves by half of what the figure grows by.
    for _ in range(3):
        figure.draw_without_rendering()
        excess = figure.get_tightbbox().x1 - figure.get_size_inches()[0]
        if excess <= 0:
            return
        figure.set_size_inches(figure.get_size_inches()[0] + 2 * excess + MARGIN_INCHES, figure.get_size_inches()[1])


def _offset(detector: str) -> float:
    """A small step aside, so that detectors of one line do not hide each other."""
    return min(0.12, 0.72 / len(DETECTORS)) * (DETECTORS.index(detector) - (len(DETECTORS) - 1) / 2)


def _end_where_flat(drawn: Chart, x: np.ndarray, shown: Sequence[Configuration]) -> None:
    """Leave out the thresholds above which nothing is called anomalous any more."""
    last = 0
    for one in shown:
        for result in one.results:
            dice = np.array(result["values"]["curves"]["dice"], dtype=float)
            changes = np.flatnonzero(np.abs(np.diff(dice)) > 1e-4)
            last = max(last, int(changes[-1]) + 2 if changes.size else 1)
    edges = sorted((float(x[0]), float(x[min(last, len(x) - 1)])))
    drawn.axes.set_xlim(*edges)


# Galleries of images, anomaly maps and masks (Fig. 4), from the angles that a study recorded.


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
    experiment, specification = cell.experiment, cell.experiment.specification
    angles = specification.ansatz.check_angles(result["values"]["angles"])
    _, test = load(source.request_for(cell))
    scorer = model_scorer(specification, angles, experiment.make_engine(), experiment.scoring)
    maps = anomaly_maps(specification, test.images, {"model": scorer})[0]["model"]
    seed = result["parameters"].get("seed")
    sizes = f"P = {experiment.patch_size}, S = {experiment.stride}, BD = {experiment.bottleneck}, seed {seed}"
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
