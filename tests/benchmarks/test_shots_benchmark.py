"""Time of a shot study on as many images as BUSI has, against scikit-learn's AUROC of one stack of its maps."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.metrics import roc_auc_score

from qpbae_tn.analysis.shots.exact import ExactScores, PatchFidelities, exact_maps
from qpbae_tn.analysis.shots.study import TOGETHER, run_study
from qpbae_tn.compiler.readouts import READOUTS, Quantity
from qpbae_tn.data.data_set import LabelledImageSet, Provenance
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.metrics.table import operating_threshold
from qpbae_tn.model.model import Model
from qpbae_tn.model.patches import PatchGrid

IMAGES, VALIDATION_IMAGES, SIDE = 647, 25, 32
COUNTS = (10, 100, 1000, 10_000, 100_000, 1_000_000)
REPETITIONS = 20
CORES = 2
LIMIT_S = 60.0
OF_F = [readout for readout in READOUTS.values() if readout.quantity is Quantity.FIDELITY]


@pytest.fixture(scope="module")
def scored() -> ExactScores:
    """P = 4, S = 1; infidelities spread over three decades, larger under the masks."""
    rng = np.random.default_rng(0)
    experiment = Experiment(patch_size=4, stride=1, bottleneck=2, image_size=SIDE)
    grid = PatchGrid(SIDE, SIDE, 4, 1)
    masks = np.zeros((IMAGES, SIDE, SIDE), dtype=bool)
    for mask, (row, column) in zip(masks, rng.integers(0, SIDE - 9, (IMAGES, 2)), strict=True):
        mask[row : row + 9, column : column + 9] = True

    def fidelities(images: int) -> PatchFidelities:
        infidelity = 10 ** rng.uniform(-3.5, -0.5, (grid.count, images))
        full = 1.0 - infidelity
        return PatchFidelities(1.0 - 0.8 * infidelity, full)

    validation = fidelities(VALIDATION_IMAGES)
    thresholds = {quantity: operating_threshold(exact_maps(grid, validation.of(quantity))) for quantity in Quantity}
    names = tuple(map(str, range(IMAGES)))
    images, source = np.zeros(masks.shape), Provenance("drawn", "test", "arrays", "")
    test = LabelledImageSet(images, names, source, masks=masks, classes=("spot",) * IMAGES)
    model = Model(experiment.specification, np.zeros(experiment.specification.ansatz.parameter_count))
    return ExactScores(LoadedExperiment(experiment, model=model, test=test), fidelities(IMAGES), validation, thresholds)


def test_a_stack_costs_less_than_an_area_of_scikit_learn(benchmark: BenchmarkFixture, scored: ExactScores) -> None:
    """Sampling, folding, five metrics and thresholds of a stack on one core, against one area under one curve."""
    maps, labels = exact_maps(scored.grid, scored.test.full).ravel(), scored.labels.masks.ravel()
    start = time.process_time()
    roc_auc_score(labels, maps)
    one_area = time.process_time() - start

    def study() -> float:
        began = time.process_time()
        run_study(scored, OF_F, [1000], TOGETHER, workers=1)
        return time.process_time() - began

    spent = min(benchmark.pedantic(study, rounds=1, warmup_rounds=1), study())
    # Three laws among four readouts.
    ratio = spent / (3 * TOGETHER) / one_area
    benchmark.extra_info["ratio_to_one_auroc"] = ratio
    assert ratio < 1


def test_the_whole_study_fits_its_time(benchmark: BenchmarkFixture, scored: ExactScores) -> None:
    """All readouts of F, six numbers of shots, 20 repetitions: under 60 s on 2 cores, by the time of a quarter."""

    def quarter() -> float:
        began = time.process_time()
        run_study(scored, OF_F, COUNTS, REPETITIONS // 4, workers=CORES)
        return time.process_time() - began

    spent = benchmark.pedantic(quarter, rounds=1)
    whole = 4 * spent / CORES
    benchmark.extra_info["whole_study_seconds_on_two_cores"] = whole
    assert whole < LIMIT_S
