"""The report of a run: one page that needs nothing from outside and says what the numbers are."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from qpbae_tn.data.data_set import ImageSet, LabelledImageSet, Provenance
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.evaluation import Evaluation, evaluate
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.training import TrainingOutcome, train
from qpbae_tn.report.run_report import PriceSection, run_report

NAMESPACES = ("http://www.w3.org/", "http://purl.org/dc/", "http://creativecommons.org/ns#")
HARMLESS = {"meta", "link", "br", "hr", "img"}
ODD_NAME = "spot/<b>&'\".png"


class Page(HTMLParser):
    """Collects the elements of a page, what they refer to, and whether they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.alternatives: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
                self.references.append(value or "")
            if name == "alt":
                self.alternatives.append(value or "")
        if tag not in HARMLESS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in HARMLESS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def results() -> tuple[TrainingOutcome, Evaluation]:
    rng = np.random.default_rng(0)
    images = np.clip(0.6 + 0.05 * rng.normal(size=(14, 16, 16)), 0, 1)
    masks = np.zeros((6, 16, 16), dtype=bool)
    for index in range(2, 6):
        masks[index, 4:9, index : index + 5] = True
    test_images = images[8:].copy()
    test_images[masks] = rng.random(masks.sum())
    test = LabelledImageSet(
        test_images,
        ("good/0.png", "good/1.png", *(f"spot/{index}.png" for index in range(3)), ODD_NAME),
        Provenance("data & sons", "test", "made up", "0" * 64),
        masks=masks,
        classes=("good",) * 2 + ("spot",) * 4,
    )
    experiment = Experiment(
        stride=2, bottleneck=1, image_size=16, init="dc", epochs=3, seed=3, baselines=("dc_overlap", "patch_pca")
    )
    parts = ImageSet.of_arrays(images[:6]), ImageSet.of_arrays(images[6:8])
    loaded = LoadedExperiment(experiment, parts=parts, test=test)
    training = train(loaded)
    evaluation = evaluate(training.model, loaded, resamples=20)
    return training, evaluation


def written(results: tuple[TrainingOutcome, Evaluation]) -> str:
    price = PriceSection("a processor", "What it costs.", [("two-qubit gates", "17 & more")])
    return run_report("A < title", *results, "qpbae run --data 'x y'", notes=["mind <this>"], price=price)


@pytest.fixture(scope="module")
def text(results: tuple[TrainingOutcome, Evaluation]) -> str:
    return written(results)


def test_the_page_needs_nothing_from_outside(text: str) -> None:
    page = Page(text)
    assert page.open == []
    assert all(reference.startswith(("data:", "#")) for reference in page.references)
    assert not {"script", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert all(address.startswith(NAMESPACES) for address in re.findall(r"https?://[^\s\"'<>)]*", text))
    assert not re.search(r"@import|url\((?!#)", text)


def test_the_page_tells_the_numbers(results: tuple[TrainingOutcome, Evaluation], text: str) -> None:
    training, evaluation = results
    page = Page(text)
    assert "A &lt; title" in text
    assert "mind &lt;this&gt;" in text
    assert "17 &amp; more" in text
    assert "data &amp; sons" in text
    assert ODD_NAME not in text
    assert f"map of {ODD_NAME}" in page.alternatives
    for word in (
        f"{evaluation.model.metrics['auroc'].value:.3f}",
        f"{training.ceiling_loss:.4f}",
        f"{training.history[-1].loss:.4f}",
        "dc overlap",
        "patch pca",
        "6 normal images",
        "Seed 3",
        "qpbae run --data",
    ):
        assert word in text, word
    assert page.tags.count("svg") == 4
    # Four defective and two good images, each as input, map, mask and decision.
    assert page.tags.count("img") == 6 * 4


def test_the_same_results_give_the_same_page(results: tuple[TrainingOutcome, Evaluation], text: str) -> None:
    assert written(results) == text
