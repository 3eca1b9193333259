"""Charts of results: whatever the names, all of them are inside the picture."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from qpbae_tn.report.charts import STYLE
from qpbae_tn.study.cells import Settings
from qpbae_tn.study.charts import loss_chart, metric_chart
from qpbae_tn.study.tables import Configuration


def configuration(epochs: int = 20, **changes: Any) -> Configuration:
    """Made up results of two seeds."""
    settings = {**Settings.of(epochs=epochs).to_json(), "data": "stripes", **changes}
    values = {"losses": [0.5 / (1 + epoch) for epoch in range(epochs)], "metrics": {"auroc": {"value": 0.7}}}
    return Configuration(settings, ({"values": values}, {"values": values}))


def many(ansatz: str = "") -> list[Configuration]:
    """Sixteen configurations with long names."""
    options = product(("staircase", f"brick_wall{ansatz}"), ("ry", "so4"), ("normal", "dc"), (0.005, 0.0123456))
    return [configuration(ansatz=a, block=b, init=i, learning_rate=rate) for a, b, i, rate in options]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    saved: list[Figure] = []
    save = Figure.savefig

    def remember(figure: Figure, *args: object, **kwargs: object) -> None:
        saved.append(figure)
        save(figure, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Figure, "savefig", remember)
    return saved


def assert_all_inside(figure: Figure) -> None:
    width, height = figure.get_size_inches()
    with rc_context(STYLE):
        figure.draw_without_rendering()
        box = figure.get_tightbbox()
    assert box.x0 >= -0.01
    assert box.y0 >= -0.01
    assert box.x1 <= width + 0.01
    assert box.y1 <= height + 0.01
    axes = figure.axes[0].get_window_extent()
    assert axes.height / figure.dpi > 0.25
    assert axes.width / figure.dpi > 3


@pytest.mark.parametrize("found", [many(), many("_" * 80), [configuration(patch_size=p) for p in (2, 4, 8)]])
def test_all_names_are_inside_the_picture(found: list[Configuration], figures: list[Figure]) -> None:
    loss = loss_chart(found, "stripes")
    metric_chart(found, "auroc", "AUROC on stripes")
    metric_chart(found, "auroc", "AUROC on a data set whose name is longer than all else that there is in this picture")
    assert len(figures) == 3
    for figure in figures:
        assert_all_inside(figure)
    assert len(figures[0].legends[0].get_texts()) == len(found)
    assert loss == loss_chart(found, "stripes")


def test_short_names_share_lines_of_the_legend(figures: list[Figure]) -> None:
    loss_chart([configuration(patch_size=p, bottleneck=b) for p, b in ((2, 1), (4, 1), (4, 2), (8, 1))], "stripes")
    tops = {round(text.get_window_extent().y0) for text in figures[0].legends[0].get_texts()}
    assert len(tops) == 1


@pytest.mark.parametrize(("epochs", "drawn"), [(1, True), (2, True), (3, False)])
def test_losses_of_few_epochs_have_markers(epochs: int, drawn: bool, figures: list[Figure]) -> None:
    svg = loss_chart([configuration(epochs)], "stripes")
    line = figures[0].axes[0].get_lines()[0]
    assert (line.get_marker() == "o") == drawn
    ticks = figures[0].axes[0].get_xticks()
    assert all(tick == round(tick) for tick in ticks)
    assert re.search(r">1<", svg)
