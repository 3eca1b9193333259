"""qpbae_tn: train, compile, price and scale Quantum Patch-Based Autoencoders."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpbae_tn.experiment.estimator import PatchAutoencoder
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.specification import ModelSpecification

__version__ = "0.1.0"

_HOMES = {
    "Model": "qpbae_tn.model.model",
    "ModelSpecification": "qpbae_tn.model.specification",
    "PatchAutoencoder": "qpbae_tn.experiment.estimator",
}
"""Where the public names live; they are imported on their first use, so that `import qpbae_tn` stays light."""

__all__ = ["Model", "ModelSpecification", "PatchAutoencoder", "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
