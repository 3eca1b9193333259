"""Defects painted onto photographs, each with its exact mask: foreign material, scratches, smudges.

Outlines are fractions of the image's side, so that a defect lies alike on an image of any size; widths, soft edges and
grain, given for a side of 64 px, grow with the root of the side only, or a scratch would become a band. Coverage falls
off softly at the edge; the mask marks what is covered by more than half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

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
