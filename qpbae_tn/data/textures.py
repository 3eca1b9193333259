"""The bundled data set: crops of real photographs that scikit-image ships (CC0), with defects painted in.

Training images come from the left half of a photograph, test images from its right half, so that no pixel is in both.
Crops are cut at twice the working size (from 64 px to what a half allows, 256 px), so that the texture keeps its scale
while larger images show more of it; beyond 128 px of working size crops are scaled down by less, beyond 256 px they are
enlarged. Each image has a random stream of its own, seeded by the set's seed, its class and its number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from qpbae_tn.data.data_set import GOOD, ImageSet, LabelledImageSet, Provenance
from qpbae_tn.data.images import read_image, resize_image, resize_mask
from qpbae_tn.data.splits import stratified_subset
from qpbae_tn.errors import InputError

# Defects painted onto photographs, each with its exact mask: foreign material, scratches, smudges.
#
# Outlines are fractions of the image's side, so that a defect lies alike on an image of any size; widths, soft edges
# and grain, given for a side of 64 px, grow with the root of the side only, or a scratch would become a band.
# Coverage falls off softly at the edge; the mask marks what is covered by more than half.


FloatArray: TypeAlias = NDArray[np.float64]
Painted: TypeAlias = tuple[FloatArray, NDArray[np.bool_]]


def foreign_material(image: FloatArray, material: FloatArray, rng: np.random.Generator) -> Painted:
    """A patch of another material with a soft, irregular outline.

    Args:
        image: shape (c, c), grey in [0, 1].
        material: shape (c, c), grey in [0, 1], what the patch is made of.
        rng: draws outline, place, contrast and brightness.

    Returns:
        The painted image and its mask, each of shape (c, c).
    """
    cover = _blob(len(image), rng, radius=(0.14, 0.28), flatness=(0.6, 1.0), edge=0.06 * _fineness(image))
    # Loose material stands out of the surface: it throws shadows of its own, hence more contrast than in its bed.
    mean = material.mean()
    raised = (mean + (material - mean) * rng.uniform(1.2, 1.7)) * rng.uniform(0.75, 1.1)
    return image * (1 - cover) + np.clip(raised, 0.0, 1.0) * cover, cover > 0.5


def scratch(image: FloatArray, rng: np.random.Generator) -> Painted:
    """A curved scratch that tapers off, dark or bright; arguments and result as for `foreign_material`."""
    size = len(image)
    direction = rng.uniform(0, 2 * np.pi)
    along = np.array([np.sin(direction), np.cos(direction)])
    length, bend = rng.uniform(0.4, 0.8), rng.uniform(-0.15, 0.15)
    start = 0.5 - along * length / 2 + rng.uniform(-0.2, 0.2, 2)
    end = start + along * length
    middle = (start + end) / 2 + bend * np.array([along[1], -along[0]])
    time = np.linspace(0, 1, 49)[:, None]
    curve = (1 - time) ** 2 * start + 2 * time * (1 - time) * middle + time**2 * end
    half_width = rng.uniform(0.018, 0.032) * _fineness(image) * (0.5 + np.sqrt(time * (1 - time))[:, 0])
    outside = np.full((size, size), np.inf)
    y, x = _coordinates(size)
    for (y0, x0), (y1, x1), width in zip(curve[:-1], curve[1:], half_width[1:], strict=True):
        share = ((y - y0) * (y1 - y0) + (x - x0) * (x1 - x0)) / ((y1 - y0) ** 2 + (x1 - x0) ** 2)
        share = np.clip(share, 0.0, 1.0)
        distance = np.hypot(y - y0 - share * (y1 - y0), x - x0 - share * (x1 - x0))
        np.minimum(outside, distance - width, out=outside)
    cover = _smooth_step(0.5 - outside / (0.02 * _fineness(image)))
    bright, mean_depth = rng.random() < 0.5, rng.uniform(0.55, 0.85)
    depth = np.clip(mean_depth * (1 + 0.15 * _noise(size, rng, scale=0.06 * _fineness(image))), 0.3, 0.95)
    ground = np.maximum(image, 0.92) if bright else np.zeros_like(image)
    return image + cover * depth * (ground - image), cover > 0.5


def smudge(image: FloatArray, rng: np.random.Generator) -> Painted:
    """A blotchy dark stain with a wide soft edge; arguments and result as for `foreign_material`."""
    size = len(image)
    cover = _blob(size, rng, radius=(0.18, 0.32), flatness=(0.4, 0.8), edge=0.16 * _fineness(image))
    blotches = np.clip(0.5 + 0.4 * _noise(size, rng, scale=0.025 * _fineness(image)), 0.0, 1.0)
    return image * (1 - cover * (0.1 + 0.6 * blotches)), cover > 0.5


def _fineness(image: FloatArray) -> float:
    return float(np.sqrt(64 / len(image)))


def _coordinates(size: int) -> tuple[FloatArray, FloatArray]:
    centres = (np.arange(size) + 0.5) / size
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return y, x


def _smooth_step(value: FloatArray) -> FloatArray:
    value = np.clip(value, 0.0, 1.0)
    return value * value * (3 - 2 * value)


def _blob(
    size: int,
    rng: np.random.Generator,
    radius: tuple[float, float],
    flatness: tuple[float, float],
    edge: float,
) -> FloatArray:
    """Coverage in [0, 1] of an ellipse whose radius wavers around its outline."""
    y, x = _coordinates(size)
    centre_y, centre_x = rng.uniform(0.25, 0.75, 2)
    tilt, mean_radius, ratio = rng.uniform(0, np.pi), rng.uniform(*radius), rng.uniform(*flatness)
    along = np.cos(tilt) * (x - centre_x) + np.sin(tilt) * (y - centre_y)
    across = (np.cos(tilt) * (y - centre_y) - np.sin(tilt) * (x - centre_x)) / ratio
    angle = np.arctan2(across, along)
    outline = np.ones_like(angle)
    for waves in range(2, 7):
        outline += rng.uniform(0, 0.45) / waves * np.cos(waves * angle + rng.uniform(0, 2 * np.pi))
    return _smooth_step(0.5 + (mean_radius * outline - np.hypot(along, across)) / edge)


def _noise(size: int, rng: np.random.Generator, scale: float) -> FloatArray:
    """Smooth noise of mean 0 and standard deviation 1; `scale` is its grain as a fraction of the side."""
    noise = np.asarray(gaussian_filter(rng.standard_normal((size, size)), scale * size, mode="wrap"))
    return np.asarray((noise - noise.mean()) / noise.std())


SURFACE_DEFECTS: dict[str, Callable[[FloatArray, np.random.Generator], Painted]] = {
    "scratch": scratch,
    "smudge": smudge,
}


TextureName = Literal["brick", "grass", "gravel"]
FOREIGN = "foreign"
TRAIN_COUNT = 150
TEST_COUNT_PER_CLASS = 15
TEST_CLASSES = tuple(sorted((FOREIGN, GOOD, *SURFACE_DEFECTS)))
# What lies on what: rough matter shows on every ground, brick would be a smooth spot among stones or grass.
_FOREIGN_MATTER: dict[TextureName, tuple[TextureName, ...]] = {
    "brick": ("grass", "gravel"),
    "grass": ("gravel",),
    "gravel": ("grass",),
}
_LAYOUT = "crops of a photograph that scikit-image ships (CC0), with painted defects"


@dataclass(frozen=True)
class Textures:
    """Images of one material: 150 to train on; 15 good ones and 15 of each defect class to test on.

    Args:
        material: the photograph.
        seed: of all that is drawn: places of crops, and defects.
    """

    material: TextureName = "brick"
    seed: int = 0

    @classmethod
    def named(cls, spec: str) -> Textures:
        """From "textures" or "textures:<material>"; raises `InputError` for another material."""
        _, _, material = spec.partition(":")
        for known in get_args(TextureName):
            if material == known or (spec == "textures" and known == cls.material):
                return cls(known)
        raise InputError(
            f"unknown texture {material!r}",
            where=spec,
            remedy="choose " + ", ".join(f"textures:{known}" for known in get_args(TextureName)),
        )

    @property
    def name(self) -> str:
        """As in "textures:brick"."""
        return f"textures:{self.material}"

    @property
    def has_training_images(self) -> bool:
        """The layout includes them."""
        return True

    def train(self, image_size: int) -> ImageSet:
        """150 crops of the left half of the photograph."""
        side = crop_side(image_size)
        names = tuple(f"train/good_{index:03}" for index in range(TRAIN_COUNT))
        crops = [self._crop(side, "train", self._stream("train", GOOD, index)) for index in range(TRAIN_COUNT)]
        images = np.stack([resize_image(crop, image_size) for crop in crops])
        return ImageSet(images, names, self._provenance("train", crops))

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """60 crops of the right half of the photograph, three quarters of them with a defect."""
        side = crop_side(image_size)
        rows = [(kind, index) for kind in TEST_CLASSES for index in range(TEST_COUNT_PER_CLASS)]
        rows = [rows[i] for i in stratified_subset([kind for kind, _ in rows], limit, seed)]
        painted = [self._painted(side, kind, index) for kind, index in rows]
        return LabelledImageSet(
            np.stack([resize_image(pixels, image_size) for pixels, _ in painted]),
            tuple(f"test/{kind}_{index:03}" for kind, index in rows),
            self._provenance("test", [array for pair in painted for array in pair]),
            masks=np.stack([resize_mask(mask, image_size) for _, mask in painted]),
            classes=tuple(kind for kind, _ in rows),
        )

    def _stream(self, part: str, kind: str, index: int) -> np.random.Generator:
        key = hashlib.sha256(f"{self.seed} {self.material} {part} {kind} {index}".encode()).digest()
        return np.random.default_rng(int.from_bytes(key[:16]))

    def _crop(self, side: int, part: str, rng: np.random.Generator) -> NDArray[np.uint8]:
        photograph = _photograph(self.material)
        half = photograph.shape[1] // 2
        return _random_crop(photograph[:, :half] if part == "train" else photograph[:, half:], side, rng)

    def _painted(self, side: int, kind: str, index: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        rng = self._stream("test", kind, index)
        crop = self._crop(side, "test", rng)
        if kind == GOOD:
            return crop, np.zeros(crop.shape, dtype=np.bool_)
        image = crop / 255.0
        if kind == FOREIGN:
            others = _FOREIGN_MATTER[self.material]
            other = _photograph(others[rng.integers(len(others))])
            image, mask = foreign_material(image, _random_crop(other, side, rng) / 255.0, rng)
        else:
            image, mask = SURFACE_DEFECTS[kind](image, rng)
        return np.rint(np.clip(image, 0.0, 1.0) * 255).astype(np.uint8), mask

    def _provenance(self, part: str, arrays: Sequence[NDArray[np.uint8] | NDArray[np.bool_]]) -> Provenance:
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(array.tobytes())
        return Provenance(self.name, part, f"{_LAYOUT}, seed {self.seed}", digest.hexdigest())


def crop_side(image_size: int) -> int:
    """Side in pixels of the photograph's part that an image of `image_size` shows."""
    return min(max(2 * image_size, 64), 256)


def _random_crop(photograph: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A square of this side at a random place, mirrored left to right in half of the cases."""
    # Places are drawn as fractions, so that the same stream shows the same spot at every size.
    top, left = (
        int(share * (extent - side + 1)) for share, extent in zip(rng.random(2), photograph.shape, strict=True)
    )
    crop = photograph[top : top + side, left : left + side]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


@cache
def _photograph(material: TextureName) -> NDArray[np.uint8]:
    """A photograph of 512 x 512 px from scikit-image's installed files; nothing is downloaded."""
    # Found by its specification: importing scikit-image for a file's place would only cost time.
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise InputError(
            "scikit-image is not installed", where="textures", remedy="install it: pip install scikit-image"
        )
    image = read_image(Path(package.origin).parent / "data" / f"{material}.png")
    if image.pixels.dtype != np.uint8 or image.shape != (512, 512):
        raise InputError(
            f"scikit-image's photograph {material}.png is not 8-bit of 512 x 512 px",
            where="textures",
            remedy="install a version of scikit-image that qpbae_tn supports",
        )
    pixels = image.pixels.astype(np.uint8)
    pixels.setflags(write=False)
    return pixels
