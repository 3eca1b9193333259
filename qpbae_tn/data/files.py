"""Images and masks in folders: listed, matched by name, read, and digested."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import GOOD, ImageSet, LabelledImageSet, Provenance
from qpbae_tn.data.decoding import SUFFIXES
from qpbae_tn.data.images import read_image, read_mask, resize_mask
from qpbae_tn.data.splits import stratified_subset
from qpbae_tn.errors import InputError

MASK_STEM = re.compile(r"(?P<stem>.+)_mask(_\d+)?", re.DOTALL)
_OTHER_IMAGE_SUFFIXES = (".avif", ".gif", ".heic", ".jp2", ".pgm", ".ppm", ".webp")


@dataclass(frozen=True)
class LabelledFile:
    """An image file, the files whose marks together are its mask (none: no defect), and its class."""

    image: Path
    masks: tuple[Path, ...]
    class_name: str


@dataclass(frozen=True)
class FolderReader:
    """How the files of one folder are read.

    Args:
        root: the data set's folder; names are relative to it.
        layout: in words, for the provenance.
        minimum_side: the least width and height of an image in pixels, usually the patch size.
    """

    root: Path
    layout: str
    minimum_side: int = 1

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.root.resolve().name

    def read_images(self, paths: Sequence[Path], image_size: int) -> ImageSet:
        """The images at these paths, resized; raises `InputError` for a file that cannot be used."""
        images = np.empty((len(paths), image_size, image_size))
        for row, path in zip(images, paths, strict=True):
            row[:] = read_image(path, minimum_side=self.minimum_side).resized(image_size)
        return ImageSet(images, self._names(paths), self._provenance("train", paths))

    def read_labelled(
        self, files: Sequence[LabelledFile], image_size: int, limit: int | None = None, seed: int = 0
    ) -> LabelledImageSet:
        """The images with their masks, resized, or a stratified subset of at most `limit`.

        Raises:
            InputError: a file that cannot be used, a mask of another size than its image, or a mark on a good image.
        """
        files = [files[i] for i in stratified_subset([file.class_name for file in files], limit, seed)]
        images = np.empty((len(files), image_size, image_size))
        masks = np.empty(images.shape, dtype=np.bool_)
        for image_row, mask_row, file in zip(images, masks, files, strict=True):
            image = read_image(file.image, minimum_side=self.minimum_side)
            image_row[:] = image.resized(image_size)
            marked = np.zeros(image.shape, dtype=np.bool_)
            for path in file.masks:
                mask = self._read_mask(path, good=file.class_name == GOOD)
                if mask.shape != image.shape:
                    raise InputError(
                        f"the mask has {mask.shape[1]} x {mask.shape[0]} px, its image {file.image.name} "
                        f"{image.shape[1]} x {image.shape[0]}",
                        where=path,
                        remedy="save it at the image's size",
                    )
                marked |= mask
            mask_row[:] = resize_mask(marked, image_size)
        paths = [path for file in files for path in (file.image, *file.masks)]
        return LabelledImageSet(
            images,
            self._names([file.image for file in files]),
            self._provenance("test", paths),
            masks=masks,
            classes=tuple(file.class_name for file in files),
        )

    def require_empty(self, masks: Iterable[Path]) -> None:
        """Raise `InputError` if one of these masks of images without defects has marks."""
        for path in masks:
            self._read_mask(path, good=True)

    def _read_mask(self, path: Path, *, good: bool) -> NDArray[np.bool_]:
        mask = read_mask(path)
        if good and mask.any():
            raise InputError("the mask of an image without defects has marks", where=path, remedy="clear or remove it")
        return mask

    def _names(self, paths: Iterable[Path]) -> tuple[str, ...]:
        return tuple(path.relative_to(self.root).as_posix() for path in paths)

    def _provenance(self, part: str, paths: Sequence[Path]) -> Provenance:
        digest = hashlib.sha256()
        for name, path in zip(self._names(paths), paths, strict=True):
            digest.update(os.fsencode(name) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
        return Provenance(self.name, part, self.layout, digest.hexdigest())


def entries(folder: Path) -> list[Path]:
    """What a folder holds, sorted by name, hidden files left out; raises `InputError` if it may not be read."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError(
            error.strerror or "cannot be read", where=folder, remedy="check the path and its permissions"
        ) from None


def list_folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name, hidden ones left out."""
    return [path for path in entries(folder) if path.is_dir()]


def list_images(folder: Path) -> list[Path]:
    """The image files in a folder itself, sorted by file name; hidden files and other kinds of files are left out.

    Raises:
        InputError: an image in a format that is not read here, a name of an image that is no file (a dangling link, a
            pipe), or two images that differ in their suffix only.
    """
    files = [path for path in entries(folder) if not path.is_dir()]
    foreign = [path.name for path in files if path.suffix.lower() in _OTHER_IMAGE_SUFFIXES]
    if foreign:
        raise InputError(
            f"images in a format that is not read: {shorten(foreign)}",
            where=folder,
            remedy="convert them to PNG, JPEG, TIFF or BMP",
        )
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    for path in images:
        if not path.is_file():
            raise InputError("is no file", where=path, remedy="a link leads nowhere, or it is not a file: remove it")
    stems = [path.stem for path in images]
    twins = sorted({stem for stem in stems if stems.count(stem) > 1}) if len(set(stems)) < len(stems) else []
    if twins:
        raise InputError(f"several files of one name: {shorten(twins)}", where=folder, remedy="rename or remove one")
    return images


def require_images(folder: Path) -> list[Path]:
    """As `list_images`; raises `InputError` for a folder that is missing or without images too."""
    if not folder.is_dir():
        raise InputError("no such folder", where=folder, remedy="check the path and the layout of the data set")
    images = list_images(folder)
    if not images:
        raise InputError("no images in this folder", where=folder, remedy="put PNG, JPEG, TIFF or BMP files there")
    return images


def match_masks(
    images: Sequence[Path], masks: Sequence[Path], where: Path, *, required: bool = True
) -> dict[Path, tuple[Path, ...]]:
    """The masks of each image, matched by name: image `X.png` has `X.png`, `X_mask.png` or `X_mask_1.png`, ...

    Args:
        images: image files.
        masks: mask files, with an image each.
        where: the folder that a message names.
        required: whether each image must have a mask.

    Raises:
        InputError: missing or extra masks, listed by name.
    """
    of_stem: dict[str, list[Path]] = {path.stem: [] for path in images}
    extra: list[Path] = []
    for mask in masks:
        match = MASK_STEM.fullmatch(mask.stem)
        stem = match["stem"] if match else mask.stem
        of_stem.get(stem, extra).append(mask)
    missing = [path.name for path in images if not of_stem[path.stem]] if required else []
    told = [f"no mask for {shorten(missing)}"] if missing else []
    if extra:
        told.append(f"no image for {'mask' if len(extra) == 1 else 'masks'} {shorten([path.name for path in extra])}")
    if told:
        raise InputError("; ".join(told), where=where, remedy="name each mask after its image, X_mask.png for X.png")
    return {path: tuple(of_stem[path.stem]) for path in images}


def shorten(names: Sequence[str], count: int = 5) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more
