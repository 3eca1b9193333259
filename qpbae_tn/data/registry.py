"""Which data set `--data` means: a name of the bundled ones, or a folder whose layout is recognised."""

from __future__ import annotations

from pathlib import Path

from qpbae_tn.data.busi import BusiFolder
from qpbae_tn.data.files import entries, list_folders, shorten
from qpbae_tn.data.folder import FlatFolder, MvtecFolder
from qpbae_tn.data.protocol import DataSet
from qpbae_tn.data.textures import Textures
from qpbae_tn.errors import InputError

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
        raise InputError("no folder given", where="--data", remedy="name a folder, or the bundled data with textures")
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
