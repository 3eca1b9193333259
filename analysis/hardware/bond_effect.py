"""What a preparation of small bond dimension does to detection: patches cut to bond 1, 2 and 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.experiment.scoring import PatchBatch, Scorer, anomaly_maps, model_scorer
from qpbae_tn.experiment.training import train
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.model.conversion import states_to_mps
from qpbae_tn.model.model import Model

BONDS = (1, 2, 4)
SIZES = ((4, 1), (8, 2))
TEST_IMAGES = 200
RESAMPLES = 100


def bond_rows(
    data: Mapping[str, str | Path], seed: int, sizes: Sequence[tuple[int, int]] = SIZES
) -> list[dict[str, Any]]:
    """One row for each data set, patch size and bond, the exact patches first; stride P / 2, trained as in the paper.

    Patches are cut to the bond by left-to-right SVD, which is the state that the preparation `mps:1` or `mps:2` makes,
    and the best that more layers of it can come to at bond 4.

    Args:
        data: name to what `Experiment.data` would say.
        seed: of split, angles and bootstrap.
        sizes: (P, BD).
    """
    rows = []
    for name, source in data.items():
        for size, bottleneck in sizes:
            loaded = LoadedExperiment(
                Experiment(
                    str(source),
                    patch_size=size,
                    stride=size // 2,
                    bottleneck=bottleneck,
                    test=TEST_IMAGES,
                    seed=seed,
                )
            )
            for bond, median, metrics in _cut_maps(loaded):
                rows.append(
                    {
                        "data": name,
                        "patch_size": size,
                        "bottleneck": bottleneck,
                        "test_images": len(loaded.test),
                        "bond": bond,
                        "median_fidelity": median,
                        "auroc": metrics["auroc"].to_json(),
                        "aupro": metrics["aupro"].to_json(),
                    }
                )
    return rows


def _cut_maps(loaded: LoadedExperiment) -> list[tuple[str, float, Mapping[str, Any]]]:
    """For exact patches and each bond: the median fidelity of the patch states, and the metrics of the maps."""
    specification, engine = loaded.specification, ExactEngine()
    trained = train(loaded)
    fidelities: dict[str, list[np.ndarray]] = {}
    scorers: dict[str, Scorer] = {"exact": model_scorer(specification, trained.model.angles, engine, "reconstruction")}
    scorers |= {str(bond): _cut(trained.model, bond, fidelities) for bond in BONDS}
    maps, _ = anomaly_maps(specification, loaded.test.images, scorers)
    found: list[tuple[str, float, Mapping[str, Any]]] = []
    for bond, one in maps.items():
        metrics = evaluate_maps(one, loaded.test.masks, 0.0, resamples=RESAMPLES, seed=loaded.experiment.seed)
        median = float(np.median(np.concatenate(fidelities[bond]))) if bond in fidelities else 1.0
        found.append((bond, median, metrics))
    return found


def _cut(model: Model, bond: int, fidelities: dict[str, list[np.ndarray]]) -> Scorer:
    engine = MpsEngine(bond)

    def score(batch: PatchBatch) -> np.ndarray:
        stack = states_to_mps(batch.states, bond, 0.0)
        fidelities.setdefault(str(bond), []).append(1.0 - np.asarray(stack.discarded_weight))
        return np.asarray(engine.score(model.specification, model.angles, stack).fidelity)

    return score
