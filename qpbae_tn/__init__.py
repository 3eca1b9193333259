"""qpbae_tn: train, compile, price and scale Quantum Patch-Based Autoencoders.

The names below are all that a notebook needs; each is imported on its first use, so that `import qpbae_tn` is light.

    data        load_data, Experiment, LoadedExperiment
    model       train, Model, ModelSpecification, PatchAutoencoder
    maps        score, evaluate, segment
    hardware    compile, sample, estimate
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpbae_tn.errors import InputError
    from qpbae_tn.experiment.description import Experiment
    from qpbae_tn.experiment.estimator import PatchAutoencoder
    from qpbae_tn.experiment.evaluation import evaluate
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.experiment.segmentation import segment
    from qpbae_tn.experiment.training import train
    from qpbae_tn.face import compile, estimate, load_data, sample, score
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.specification import ModelSpecification

__version__ = "0.1.0"

_HOMES = {
    "Experiment": "experiment.description",
    "InputError": "errors",
    "LoadedExperiment": "experiment.loaded",
    "Model": "model.model",
    "ModelSpecification": "model.specification",
    "PatchAutoencoder": "experiment.estimator",
    "compile": "face",
    "estimate": "face",
    "evaluate": "experiment.evaluation",
    "load_data": "face",
    "sample": "face",
    "score": "face",
    "segment": "experiment.segmentation",
    "train": "experiment.training",
}
"""Where the public names live."""

__all__ = [
    "Experiment",
    "InputError",
    "LoadedExperiment",
    "Model",
    "ModelSpecification",
    "PatchAutoencoder",
    "__version__",
    "compile",
    "estimate",
    "evaluate",
    "load_data",
    "sample",
    "score",
    "segment",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
