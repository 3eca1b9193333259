"""Segmenting single images: the map at the image's own size, an overlay, and a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qpbae_tn.data.images import GreyImage, read_image
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.evaluation import MODEL, operating_threshold_of
from qpbae_tn.experiment.scoring import anomaly_maps, fidelity_map, maps_whole_image, model_scorer
from qpbae_tn.metrics.table import decide
from qpbae_tn.model.model import Model

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


@dataclass(frozen=True, eq=False)
class Segmentation:
    """One image segmented.

    Args:
        anomaly_map: Y, shape (height, width) of the image.
        row: the image in numbers.
        image: the image itself.
    """

    anomaly_map: NDArray[np.float64]
    row: SegmentationRow
    image: GreyImage

    def __repr__(self) -> str:
        return f"Segmentation({self.row.image}: {self.row.anomalous_fraction:.1%} above {self.row.threshold:.4f})"

    def _repr_png_(self) -> bytes:
        stream = BytesIO()
        self.overlay().save(stream, format="PNG")
        return stream.getvalue()

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The pixels above the threshold, shape (height, width)."""
        return decide(self.anomaly_map, self.row.threshold)

    def overlay(self) -> Image.Image:
        """The grey image with the pixels above the threshold tinted, as an RGB picture."""
        rgb = np.repeat(self.image.values()[:, :, None] * 255.0, 3, axis=2)
        rgb[self.mask] = (1 - OVERLAY_STRENGTH) * rgb[self.mask] + OVERLAY_STRENGTH * OVERLAY_COLOUR
        return Image.fromarray(rgb.round().astype(np.uint8))


def segment(
    model: Model, image: GreyImage | Path | str, experiment: Experiment | None = None, *, native: bool = False
) -> Segmentation:
    """The anomaly map of one image.

    Args:
        model: the trained model.
        image: at its own size, or its file.
        experiment: score, threshold and engine; by default the paper's score and the model's own threshold.
        native: cut patches from the image at its own resolution; otherwise the image is resized to the model's
            `image_size` as in training, and the map is resized back bilinearly.

    Raises:
        InputError: an image that cannot be used, or no threshold for the score.

    Example:
        >>> model = Model(Experiment().specification, [0.0] * 6, {"reconstruction": 0.2})
        >>> segment(model, GreyImage(Path("grey.png"), np.full((40, 60), 0.5)))
        Segmentation(grey.png: 100.0% above 0.2000)
    """
    specification, experiment = model.specification, experiment or Experiment.of_model(model)
    score = experiment.scoring
    threshold = operating_threshold_of(model, score, experiment.threshold)
    if not isinstance(image, GreyImage):
        image = read_image(image, minimum_side=specification.patch_size)
    working = image.values() if native else image.resized(specification.image_size)
    if experiment.engine in ("exact", "auto") and maps_whole_image(specification, score, working.shape):
        found, zero_patches = fidelity_map(specification, model.angles, working, score)
    else:
        scorer = model_scorer(specification, model.angles, experiment.make_engine(), score, model.normal)
        maps, zero_patches = anomaly_maps(specification, working[None], {MODEL: scorer}, fold=score.fold)
        found = maps[MODEL][0]
    height, width = image.shape
    if found.shape != (height, width):
        resized = Image.fromarray(found.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
        found = np.asarray(resized, dtype=np.float64)
    row = SegmentationRow(
        image=image.path.name,
        height=height,
        width=width,
        score=float(found.max()),
        mean=float(found.mean()),
        threshold=threshold,
        anomalous_fraction=float(decide(found, threshold).mean()),
        zero_patches=zero_patches,
    )
    return Segmentation(found, row, image)


def output_stems(paths: Sequence[Path]) -> list[str]:
    """Names without suffix for the output files of these images; raises `InputError` if two would be the same."""
    stems = [path.stem for path in paths]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise InputError(
            f"several images are named {', '.join(twice[:5])}", where="images", remedy="segment them in separate calls"
        )
    return stems
