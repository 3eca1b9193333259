"""What a preparation of small bond dimension does to detection: patches cut to bond 1, 2 and 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.splits import random_split
from qpbae_tn.engines.exact import ExactEngine
from qpbae_tn.engines.mps.engine import MpsEngine
from qpbae_tn.experiment.initial_angles import initial_angles
from qpbae_tn.experiment.scoring import PatchBatch, Scorer, anomaly_maps
from qpbae_tn.experiment.training import train_model
from qpbae_tn.metrics.evaluation import evaluate_maps
from qpbae_tn.model.mps import states_to_mps
from qpbae_tn.model.specification import ModelSpecification

BONDS = (1, 2, 4)
SIZES = ((4, 1), (8, 2))
TEST_IMAGES = 200
RESAMPLES = 100


def bond_rows(data: Mapping[str, str | Path], seed: int) -> list[dict[str, Any]]:
    """One row for each data set, patch size and bond, the exact patches first; stride P / 2, trained as in the paper.

    Patches are cut to the bond by left-to-right SVD, which is the state that the preparation `mps:1` or `mps:2` makes,
    and the best that more layers of it can come to at bond 4.

    Args:
        data: name to a folder or the name of bundled data.
        seed: of split, angles and bootstrap.
    """
    rows = []
    for name, source in data.items():
        data_set = open_data_set(source)
        for size, bottleneck in SIZES:
            specification = ModelSpecification.build(size, size // 2, bottleneck)
            images = data_set.train(specification.image_size)
            split = random_split(len(images), seed)
            start = initial_angles(specification.ansatz, "normal", seed)
            train, validation = images.take(split.train).images, images.take(split.validation).images
            model = train_model(specification, ExactEngine(), train, validation, start).model
            test = data_set.test(specification.image_size, limit=TEST_IMAGES, seed=seed)
            fidelities: dict[str, list[np.ndarray]] = {}
            scorers: dict[str, Scorer] = {"exact": _exact(specification, model.angles)}
            scorers |= {str(bond): _cut(specification, model.angles, bond, fidelities) for bond in BONDS}
            maps, _ = anomaly_maps(specification, test.images, scorers)
            for bond, found in maps.items():
                metrics = evaluate_maps(found, test.masks, 0.0, resamples=RESAMPLES, seed=seed)
                kept = np.concatenate(fidelities[bond]) if bond in fidelities else np.ones(1)
                rows.append(
                    {
                        "data": name,
                        "patch_size": size,
                        "bottleneck": bottleneck,
                        "test_images": len(test),
                        "bond": bond,
                        "median_fidelity": float(np.median(kept)),
                        "auroc": metrics["auroc"].to_json(),
                        "aupro": metrics["aupro"].to_json(),
                    }
                )
    return rows


def bond_lines(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The rows as cells of text."""
    return [
        [
            f"{row['data']}, P={row['patch_size']}, BD={row['bottleneck']}",
            row["bond"],
            f"{row['median_fidelity']:.4f}",
            *(f"{row[m]['value']:.4f} ({row[m]['low']:.3f} to {row[m]['high']:.3f})" for m in ("auroc", "aupro")),
        ]
        for row in rows
    ]


def _exact(specification: ModelSpecification, angles: np.ndarray) -> Scorer:
    engine = ExactEngine()
    return lambda batch: engine.reconstruction_fidelity(specification, angles, batch.states)


def _cut(
    specification: ModelSpecification, angles: np.ndarray, bond: int, fidelities: dict[str, list[np.ndarray]]
) -> Scorer:
    engine = MpsEngine(bond)

    def score(batch: PatchBatch) -> np.ndarray:
        stack = states_to_mps(batch.states, bond, 0.0)
        fidelities.setdefault(str(bond), []).append(1.0 - np.asarray(stack.discarded_weight))
        return np.asarray(engine.score(specification, angles, stack).fidelity)

    return score
