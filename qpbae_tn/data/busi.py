"""BUSI, breast ultrasound images, as it is distributed (Al-Dhabyani et al., Data in Brief 28:104863, 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from qpbae_tn.data.files import MASK_STEM, FolderReader, LabelledFile, list_images, match_masks
from qpbae_tn.data.protocol import ImageSet, LabelledImageSet
from qpbae_tn.errors import InputError

_LESIONS = ("benign", "malignant")


@dataclass(frozen=True)
class BusiFolder:
    """Folders `normal`, `benign` and `malignant`, with the masks beside the images.

    Image `benign (4).png` has the masks `benign (4)_mask.png`, `benign (4)_mask_1.png`, ..., one a lesion; they are
    merged. Training takes the normal images, testing all others. The normal images' masks must be empty.
    """

    reader: FolderReader

    @classmethod
    def recognise(cls, root: Path, minimum_side: int) -> Self | None:
        """The data set in this folder, or None if it lies otherwise."""
        if not all((root / part).is_dir() for part in ("normal", *_LESIONS)):
            return None
        return cls(FolderReader(root, "BUSI as distributed", minimum_side))

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.reader.name

    @property
    def has_training_images(self) -> bool:
        """The layout includes them."""
        return True

    def train(self, image_size: int) -> ImageSet:
        """The images of `normal`."""
        images, masks = self._listed("normal")
        match_masks(images, masks, self.reader.root / "normal", required=False)
        self.reader.require_empty(masks)
        return self.reader.read_images(images, image_size)

    def test(self, image_size: int, limit: int | None = None, seed: int = 0) -> LabelledImageSet:
        """The images of `benign` and `malignant`."""
        files = []
        for kind in _LESIONS:
            images, masks = self._listed(kind)
            matched = match_masks(images, masks, self.reader.root / kind)
            files += [LabelledFile(image, matched[image], kind) for image in images]
        return self.reader.read_labelled(files, image_size, limit, seed)

    def _listed(self, kind: str) -> tuple[list[Path], list[Path]]:
        """Images and masks of one folder; raises `InputError` if it has no images."""
        files = list_images(self.reader.root / kind)
        masks = [path for path in files if MASK_STEM.fullmatch(path.stem)]
        images = [path for path in files if not MASK_STEM.fullmatch(path.stem)]
        if not images:
            raise InputError("no images in this folder", where=self.reader.root / kind, remedy="unpack BUSI anew")
        return images, masks
