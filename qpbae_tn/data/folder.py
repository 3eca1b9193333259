"""Folders of one's own: the layout of MVTec-AD, or images side by side with or without a folder of masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from qpbae_tn.data.files import (
    MASK_STEM,
    FolderReader,
    LabelledFile,
    list_folders,
    list_images,
    match_masks,
    require_images,
    shorten,
)
from qpbae_tn.data.images import read_mask
from qpbae_tn.data.protocol import GOOD, ImageSet, LabelledImageSet
from qpbae_tn.errors import InputError

_MASK_FOLDERS = ("masks", "mask", "ground_truth")


@dataclass(frozen=True)
class MvtecFolder:
    """The layout of MVTec-AD: `train/good`, `test/<class>` and `ground_truth/<class>/<stem>_mask.png`."""

    reader: FolderReader

    @classmethod
    def recognise(cls, root: Path, minimum_side: int) -> Self | None:
        """The data set in this folder, or None if it lies otherwise."""
        if not any((root / part).is_dir() for part in ("train", "test")):
            return None
        return cls(FolderReader(root, "MVTec-AD layout", minimum_side))

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.reader.name

    @property
    def has_training_images(self) -> bool:
        """Whether there is a folder `train`."""
        return (self.reader.root / "train").is_dir()

    def train(self, image_size: int) -> ImageSet:
        """The images of `train/good`."""
        folder = self.reader.root / "train"
        if folder.is_dir():
            others = [path.name for path in list_folders(folder) if path.name != GOOD]
            others += [path.name for path in list_images(folder)]
            if others:
                raise InputError(
                    f"training images outside {GOOD}: {shorten(others)}",
                    where=folder,
                    remedy=f"put the normal images in {folder.name}/{GOOD}, all others under test",
                )
        return self.reader.read_images(require_images(folder / GOOD), image_size)

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """The images of `test`, each with the mask from `ground_truth`; those of `test/good` need none."""
        test, truth = self.reader.root / "test", self.reader.root / "ground_truth"
        if not test.is_dir() or not (folders := list_folders(test)):
            raise InputError(
                "no test images", where=test, remedy="put them in one folder a class, test/good and test/<class>"
            )
        classes = {folder.name for folder in folders}
        extra = [path.name for path in list_folders(truth) if path.name not in classes] if truth.is_dir() else []
        if extra:
            raise InputError(f"masks of classes without images: {shorten(extra)}", where=truth, remedy="remove them")
        files = []
        for folder in folders:
            images = require_images(folder)
            masks = list_images(truth / folder.name) if (truth / folder.name).is_dir() else []
            matched = match_masks(images, masks, truth / folder.name, required=folder.name != GOOD)
            files += [LabelledFile(image, matched[image], folder.name) for image in images]
        return self.reader.read_labelled(files, image_size, limit, seed)


@dataclass(frozen=True)
class FlatFolder:
    """Images side by side, in the folder itself or in its folder `images`.

    Without a folder of masks (`masks`, `mask` or `ground_truth`) they are normal images to train on; with one, images
    to test on, of class "good" where the mask is empty and "defective" elsewhere.
    """

    reader: FolderReader
    images: Path
    masks: Path | None

    @classmethod
    def recognise(cls, root: Path, minimum_side: int) -> Self | None:
        """The data set in this folder, or None if it lies otherwise."""
        images = root / "images" if (root / "images").is_dir() else root
        if not list_images(images):
            return None
        masks = [root / name for name in _MASK_FOLDERS if (root / name).is_dir()]
        known = {images.name, *(path.name for path in masks[:1])}
        others = [path.name for path in list_folders(root) if path.name not in known]
        others += [path.name for path in list_images(root)] if images != root else []
        if others:
            raise InputError(
                f"of unknown meaning beside the images: {shorten(others)}",
                where=root,
                remedy="call the folder of masks masks, and take the rest away",
            )
        stems = {path.stem for path in list_images(images)}
        beside = [stem for stem in sorted(stems) if (match := MASK_STEM.fullmatch(stem)) and match["stem"] in stems]
        if beside:
            raise InputError(
                f"masks beside their images: {shorten(beside)}", where=images, remedy="move them into a folder masks"
            )
        layout = "flat folder of images" + (" with masks" if masks else "")
        return cls(FolderReader(root, layout, minimum_side), images, masks[0] if masks else None)

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.reader.name

    @property
    def has_training_images(self) -> bool:
        """Whether there is no folder of masks."""
        return self.masks is None

    def train(self, image_size: int) -> ImageSet:
        """All images of a folder without masks."""
        if self.masks is not None:
            raise InputError(
                "images with masks are for testing",
                where=self.reader.root,
                remedy="train on a folder of normal images without masks, or use train/good, test and ground_truth",
            )
        return self.reader.read_images(require_images(self.images), image_size)

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """All images of a folder with masks."""
        if self.masks is None:
            raise InputError(
                "no masks to test against",
                where=self.reader.root,
                remedy="put them in a folder masks, or map the images with qpbae segment, which needs none",
            )
        images = require_images(self.images)
        matched = match_masks(images, list_images(self.masks), self.masks)
        files = []
        for image in images:
            defective = any(read_mask(path).any() for path in matched[image])
            files.append(LabelledFile(image, matched[image], "defective" if defective else GOOD))
        files.sort(key=lambda file: file.class_name)
        return self.reader.read_labelled(files, image_size, limit, seed)
