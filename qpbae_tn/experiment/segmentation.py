"""Segmenting single images: the map at the image's own size, an overlay, and a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qpbae_tn.data.images import GreyImage
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.scoring import Scorer, anomaly_maps, model_scorer
from qpbae_tn.metrics.table import decide
from qpbae_tn.model.model import Model
from qpbae_tn.model.names import ScoreKind

OVERLAY_COLOUR = np.array([220.0, 38.0, 38.0])
OVERLAY_STRENGTH = 0.55


@dataclass(frozen=True)
class SegmentationRow:
    """One image in numbers.

    Args:
        image: its name.
        height: pixels.
        width: pixels.
        score: the largest Y of its map, the image-level score.
        mean: the mean Y.
        threshold: operating threshold on the scale of Y.
        anomalous_fraction: share of pixels above it.
        zero_patches: patches without any light.
    """

    image: str
    height: int
    width: int
    score: float
    mean: float
    threshold: float
    anomalous_fraction: float
    zero_patches: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def segment(
    model: Model, engine: Engine, image: GreyImage, score: ScoreKind, threshold: float, *, native: bool = False
) -> tuple[NDArray[np.float64], SegmentationRow]:
    """The anomaly map of one image.

    Args:
        model: the trained model.
        engine: computes fidelities.
        image: at its own size.
        score: which fidelity scores a patch.
        threshold: on the scale of Y.
        native: cut patches from the image at its own resolution; otherwise the image is resized to the model's
            `image_size` as in training, and the map is resized back bilinearly.

    Returns:
        The map Y, shape (height, width) of the image, and its row.
    """
    specification = model.specification
    working = image.values() if native else image.resized(specification.image_size)
    scorers: dict[str, Scorer] = {score: model_scorer(specification, model.angles, engine, score)}
    maps, zero_patches = anomaly_maps(specification, working[None], scorers)
    result = maps[score][0]
    height, width = image.shape
    if result.shape != (height, width):
        resized = Image.fromarray(result.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
        result = np.asarray(resized, dtype=np.float64)
    row = SegmentationRow(
        image=image.path.name,
        height=height,
        width=width,
        score=float(result.max()),
        mean=float(result.mean()),
        threshold=threshold,
        anomalous_fraction=float(decide(result, threshold).mean()),
        zero_patches=zero_patches,
    )
    return result, row


def overlay(image: GreyImage, anomaly_map: NDArray[np.float64], threshold: float) -> Image.Image:
    """The grey image with the pixels above the threshold tinted, as an RGB picture."""
    rgb = np.repeat(image.values()[:, :, None] * 255.0, 3, axis=2)
    marked = decide(anomaly_map, threshold)
    rgb[marked] = (1 - OVERLAY_STRENGTH) * rgb[marked] + OVERLAY_STRENGTH * OVERLAY_COLOUR
    return Image.fromarray(rgb.round().astype(np.uint8))


def operating_threshold_of(model: Model, score: ScoreKind, given: float | None) -> float:
    """The threshold to use: the one given, or the model's own for this score.

    Raises:
        InputError: none given, and the model has none.
    """
    if given is not None:
        if not np.isfinite(given):
            raise InputError(f"threshold {given}", where="threshold", remedy="give a finite number on the scale of Y")
        return given
    if score not in model.thresholds:
        raise InputError(f"the model has no threshold for score {score!r}", remedy="give `threshold`")
    return model.thresholds[score]


def output_stems(paths: Sequence[Path]) -> list[str]:
    """Names without suffix for the output files of these images; raises `InputError` if two would be the same."""
    stems = [path.stem for path in paths]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise InputError(
            f"several images are named {', '.join(twice[:5])}", where="images", remedy="segment them in separate calls"
        )
    return stems
