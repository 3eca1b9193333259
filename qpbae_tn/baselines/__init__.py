"""Honest baselines, scored and evaluated exactly as the model is."""

from qpbae_tn.baselines.classical import ClassicalAutoencoder, FittedClassicalAutoencoder
from qpbae_tn.baselines.cut_images import CutImages
from qpbae_tn.baselines.dc_overlap import DcOverlap
from qpbae_tn.baselines.patch_pca import FittedPatchPca, PatchPca
from qpbae_tn.baselines.protocol import Baseline, FittedBaseline
from qpbae_tn.baselines.registry import BASELINES, BaselineSetting, make_baselines
from qpbae_tn.baselines.untrained import Untrained

__all__ = [
    "BASELINES",
    "Baseline",
    "BaselineSetting",
    "ClassicalAutoencoder",
    "CutImages",
    "DcOverlap",
    "FittedBaseline",
    "FittedClassicalAutoencoder",
    "FittedPatchPca",
    "PatchPca",
    "Untrained",
    "make_baselines",
]
