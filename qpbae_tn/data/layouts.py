"""Folders of one's own: the layout of MVTec-AD, or images side by side with or without a folder of masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from qpbae_tn.data.data_set import GOOD, DataSet, ImageSet, LabelledImageSet
from qpbae_tn.data.files import (
    MASK_STEM,
    FolderReader,
    LabelledFile,
    entries,
    list_folders,
    list_images,
    match_masks,
    require_images,
    shorten,
)
from qpbae_tn.data.images import read_mask
from qpbae_tn.data.textures import Textures
from qpbae_tn.errors import InputError

_MASK_FOLDERS = ("masks", "mask", "ground_truth")


@dataclass(frozen=True)
class MvtecFolder(FolderReader):
    """The layout of MVTec-AD: `train/good`, `test/<class>` and `ground_truth/<class>/<stem>_mask.png`."""

    @classmethod
    def recognise(cls, root: Path, minimum_side: int) -> Self | None:
        """The data set in this folder, or None if it lies otherwise."""
        if not any((root / part).is_dir() for part in ("train", "test")):
            return None
        return cls(root, "MVTec-AD layout", minimum_side)

    @property
    def has_training_images(self) -> bool:
        """Whether there is a folder `train`."""
        return (self.root / "train").is_dir()

    def train(self, image_size: int) -> ImageSet:
        """The images of `train/good`."""
        folder = self.root / "train"
        if folder.is_dir():
            others = [path.name for path in list_folders(folder) if path.name != GOOD]
            others += [path.name for path in list_images(folder)]
            if others:
                raise InputError(
                    f"training images outside {GOOD}: {shorten(others)}",
                    where=folder,
                    remedy=f"put the normal images in {folder.name}/{GOOD}, all others under test",
                )
        return self.read_images(require_images(folder / GOOD), image_size)

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """The images of `test`, each with the mask from `ground_truth`; those of `test/good` need none."""
        test, truth = self.root / "test", self.root / "ground_truth"
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
        return self.read_labelled(files, image_size, limit, seed)


@dataclass(frozen=True)
class FlatFolder(FolderReader):
    """Images side by side, in the folder itself or in its folder `images`.

    Without a folder of masks (`masks`, `mask` or `ground_truth`) they are normal images to train on; with one, images
    to test on, of class "good" where the mask is empty and "defective" elsewhere.
    """

    @classmethod
    def recognise(cls, root: Path, minimum_side: int) -> Self | None:
        """The data set in this folder, or None if it lies otherwise."""
        found = cls(root, "flat folder of images", minimum_side)
        images, masks = found.images, found.masks
        if not list_images(images):
            return None
        known = {images.name, *([masks.name] if masks else [])}
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
        return replace(found, layout=f"{found.layout} with masks") if masks else found

    @property
    def images(self) -> Path:
        """The folder with the images."""
        return self.root / "images" if (self.root / "images").is_dir() else self.root

    @property
    def masks(self) -> Path | None:
        """The folder with the masks, None without any."""
        return next((self.root / name for name in _MASK_FOLDERS if (self.root / name).is_dir()), None)

    @property
    def has_training_images(self) -> bool:
        """Whether there is no folder of masks."""
        return self.masks is None

    def train(self, image_size: int) -> ImageSet:
        """All images of a folder without masks."""
        if self.masks is not None:
            raise InputError(
                "images with masks are for testing",
                where=self.root,
                remedy="train on a folder of normal images without masks, or use train/good, test and ground_truth",
            )
        return self.read_images(require_images(self.images), image_size)

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """All images of a folder with masks."""
        if self.masks is None:
            raise InputError(
                "no masks to test against",
                where=self.root,
                remedy="put them in a folder masks, or map the images with qpbae segment, which needs none",
            )
        images = require_images(self.images)
        matched = match_masks(images, list_images(self.masks), self.masks)
        files = []
        for image in images:
            defective = any(read_mask(path).any() for path in matched[image])
            files.append(LabelledFile(image, matched[image], "defective" if defective else GOOD))
        files.sort(key=lambda file: file.class_name)
        return self.read_labelled(files, image_size, limit, seed)


# BUSI, breast ultrasound images, as it is distributed (Al-Dhabyani et al., Data in Brief 28:104863, 2020).


_LESIONS = ("benign", "malignant")


@dataclass(frozen=True)
class BusiFolder(FolderReader):
    """Folders `normal`, `benign` and `malignant`, with the masks beside the images.

    Image `benign (4).png` has the masks `benign (4)_mask.png`, `benign (4)_mask_1.png`, ..., one a lesion; they are
    merged. Training takes the normal images, testing all others. The normal images' masks must be empty.
    """

    @classmethod
    def recognise(cls, root: Path, minimum_side: int) -> Self | None:
        """The data set in this folder, or None if it lies otherwise."""
        if not all((root / part).is_dir() for part in ("normal", *_LESIONS)):
            return None
        return cls(root, "BUSI as distributed", minimum_side)

    @property
    def has_training_images(self) -> bool:
        """The layout includes them."""
        return True

    def train(self, image_size: int) -> ImageSet:
        """The images of `normal`."""
        images, masks = self._listed("normal")
        match_masks(images, masks, self.root / "normal", required=False)
        self.require_empty(masks)
        return self.read_images(images, image_size)

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """The images of `benign` and `malignant`."""
        files = []
        for kind in _LESIONS:
            images, masks = self._listed(kind)
            matched = match_masks(images, masks, self.root / kind)
            files += [LabelledFile(image, matched[image], kind) for image in images]
        return self.read_labelled(files, image_size, limit, seed)

    def _listed(self, kind: str) -> tuple[list[Path], list[Path]]:
        """Images and masks of one folder; raises `InputError` if it has no images."""
        files = list_images(self.root / kind)
        masks = [path for path in files if MASK_STEM.fullmatch(path.stem)]
        images = [path for path in files if not MASK_STEM.fullmatch(path.stem)]
        if not images:
            raise InputError("no images in this folder", where=self.root / kind, remedy="unpack BUSI anew")
        return images, masks


# Which data set `data` means: a name of the bundled ones, or a folder whose layout is recognised.


# In the order in which they are tried; a new layout adds its class here.
LAYOUTS = (BusiFolder, MvtecFolder, FlatFolder)


def open_data_set(spec: str | Path, minimum_side: int = 1) -> DataSet:
    """The data set that a user names; its files are read by its `train` and `test`.

    Args:
        spec: "textures", "textures:brick", "textures:grass", "textures:gravel", or a folder in the layout of MVTec-AD,
            of BUSI as distributed, or flat with or without a folder of masks.
        minimum_side: images with fewer pixels a side are refused; usually the patch size.

    Raises:
        InputError: an unknown name, a missing or empty folder, or one whose layout is not recognised.
    """
    if isinstance(spec, str) and is_bundled(spec):
        return Textures.named(spec)
    if not str(spec):
        raise InputError("no folder given", where="data", remedy="name a folder, or the bundled data with textures")
    root = Path(spec)
    if not root.exists():
        raise InputError("no such folder", where=root, remedy="check the path, or use the bundled data with textures")
    if not root.is_dir():
        raise InputError("not a folder", where=root, remedy="give the folder that holds the images")
    if not entries(root):
        raise InputError("an empty folder", where=root, remedy="put images there, or use the bundled data, textures")
    found = _recognise(root, minimum_side)
    if found is None:
        within = [folder.name for folder in list_folders(root) if _is_known(folder)]
        raise InputError(
            "no images, and no layout that is known",
            where=root,
            remedy=f"give a folder in it: {shorten(within)}"
            if within
            else "give train/good, test and ground_truth; or benign, malignant and normal; or a folder of images",
        )
    return found


def is_bundled(spec: str) -> bool:
    """Whether this names bundled photographs rather than a folder."""
    return spec == "textures" or spec.startswith("textures:")


def _recognise(root: Path, minimum_side: int) -> DataSet | None:
    for layout in LAYOUTS:
        found = layout.recognise(root, minimum_side)
        if found is not None:
            return found
    return None


def _is_known(folder: Path) -> bool:
    try:
        return _recognise(folder, 1) is not None
    except InputError:
        return False
