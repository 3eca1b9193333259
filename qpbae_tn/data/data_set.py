"""What every data set yields: grey images, and for the test part masks and classes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

GOOD = "good"


@dataclass(frozen=True)
class Provenance:
    """Where a set of images comes from, for reports and model files; holds no path of the machine.

    Args:
        data_set: the data set's name, such as "busi_32" or "textures:brick".
        part: "train" or "test".
        layout: in words, how the files lie or were made.
        digest: SHA-256 in hexadecimal over names and contents of the images and masks that were used.
    """

    data_set: str
    part: str
    layout: str
    digest: str

    def to_json(self) -> dict[str, str]:
        """As JSON values."""
        return {"data_set": self.data_set, "part": self.part, "layout": self.layout, "digest": self.digest}


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Grey images without labels.

    Args:
        images: shape (n, H, W), float64 in [0, 1].
        names: one unique name an image, usually the file's path within the data set.
        provenance: of the whole part; `take` leaves it as it is.
    """

    images: NDArray[np.float64]
    names: tuple[str, ...]
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.float64 or len(self.names) != len(self.images):
            raise ValueError(f"{len(self.names)} names, {self.images.dtype} images of shape {self.images.shape}")

    @classmethod
    def of_arrays(cls, images: NDArray[np.floating], name: str = "images", part: str = "train") -> ImageSet:
        """Images at hand, shape (n, H, W), values in [0, 1], under the name of a data set; n may be 0."""
        pixels = np.ascontiguousarray(images, dtype=np.float64)
        names = tuple(f"{part}/{index:03}" for index in range(len(pixels)))
        digest = hashlib.sha256(pixels.tobytes()).hexdigest()
        return ImageSet(pixels, names, Provenance(name, part, "arrays", digest))

    def __len__(self) -> int:
        return len(self.names)

    def take(self, indices: Sequence[int]) -> Self:
        """The images with these indices, in this order."""
        return replace(self, **self._taken(indices))

    def _taken(self, indices: Sequence[int]) -> dict[str, Any]:
        chosen = list(indices)
        return {"images": self.images[chosen], "names": tuple(self.names[i] for i in chosen)}


@dataclass(frozen=True, eq=False)
class LabelledImageSet(ImageSet):
    """Grey images with masks of their defects.

    Args:
        images, names, provenance: as for `ImageSet`.
        masks: shape (n, H, W), bool, True on the defect.
        classes: one an image; "good" is the class without defects.
    """

    masks: NDArray[np.bool_] = field(kw_only=True)
    classes: tuple[str, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.masks.shape != self.images.shape or self.masks.dtype != np.bool_ or len(self.classes) != len(self):
            raise ValueError(f"{len(self.classes)} classes, {self.masks.dtype} masks of shape {self.masks.shape}")

    @property
    def defective(self) -> NDArray[np.bool_]:
        """Shape (n,): which images have a defect at this size, and so count as defective."""
        return np.asarray(self.masks.any(axis=(1, 2)))

    @property
    def vanished(self) -> tuple[str, ...]:
        """Names of the images of a defective class whose mask is empty at this size: they count as good ones."""
        rows = zip(self.names, self.classes, self.defective, strict=True)
        return tuple(name for name, kind, defective in rows if kind != GOOD and not defective)

    @property
    def class_counts(self) -> dict[str, int]:
        """Number of images of each class, by class name."""
        return {kind: self.classes.count(kind) for kind in sorted(set(self.classes))}

    def _taken(self, indices: Sequence[int]) -> dict[str, Any]:
        chosen = list(indices)
        taken = {"masks": self.masks[chosen], "classes": tuple(self.classes[i] for i in chosen)}
        return super()._taken(indices) | taken


class DataSet(Protocol):
    """Normal images to train on and labelled ones to test on."""

    @property
    def name(self) -> str:
        """What reports call it; holds no path."""

    @property
    def has_training_images(self) -> bool:
        """Whether there are normal images to train on, as far as the layout tells."""

    def train(self, image_size: int) -> ImageSet:
        """The normal images, sorted by file name, resized to (image_size, image_size).

        Raises:
            InputError: no such part, or a file of it cannot be used.
        """

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """The labelled images, sorted by class and file name, resized to (image_size, image_size).

        Args:
            image_size: in pixels.
            limit: at most this many images, a subset stratified by class; all by default.
            seed: of the subset.

        Raises:
            InputError: no such part, a file of it cannot be used, or images and masks do not match.
        """
