"""A trained model: specification, angles, thresholds and provenance, kept in a JSON file that runs no code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.errors import InputError
from qpbae_tn.output import write_atomically
from qpbae_tn.scoring import Score
from qpbae_tn.specification import ModelSpecification

SCHEMA = "qpbae_tn/model"
SCHEMA_VERSION = 1
_RETRAIN = "train the model again or restore the file"


@dataclass(frozen=True, eq=False)
class Model:
    """A specification with its angles.

    Args:
        specification: everything but the angles.
        angles: shape (parameter_count,), radians, finite.
        thresholds: operating threshold on the scale of Y, by score; a pixel is anomalous above it.
        provenance: JSON values: data set, split, seed, versions, history.
    """

    specification: ModelSpecification
    angles: NDArray[np.float64]
    thresholds: Mapping[Score, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "angles", self.specification.ansatz.check_angles(self.angles))

    def save(self, path: Path) -> None:
        """Write the model file, whole or not at all."""
        document = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "qpbae_tn_version": __version__,
            "specification": self.specification.to_json(),
            "angles": [float(angle) for angle in self.angles],
            "thresholds": dict(self.thresholds),
            "provenance": dict(self.provenance),
        }
        write_atomically(path, json.dumps(document, indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Model:
        """Read a model file, or the `model.json` of a run folder.

        Raises:
            InputError: a file that is missing, truncated, of another schema or version, or with values that are not
                what a model needs.
        """
        if path.is_dir():
            path = path / "model.json"
        document = _read(path)
        try:
            specification = ModelSpecification.from_json(document["specification"])
            angles = specification.ansatz.check_angles(document["angles"], where=path)
            thresholds = {score: _threshold(value) for score, value in document["thresholds"].items()}
            provenance = document["provenance"]
            if set(thresholds) - set(get_args(Score)) or not isinstance(provenance, dict):
                raise TypeError("thresholds or provenance")
        except InputError as error:
            if error.where == path:
                raise
            raise InputError(f"{error.where}: {error.what}", where=path, remedy=_RETRAIN) from None
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"is not a valid model file ({error})", where=path, remedy=_RETRAIN) from None
        return cls(specification, angles, thresholds, provenance)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            "no such model file", where=path, remedy="give a run folder or a model.json that qpbae train wrote"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, remedy="check its permissions") from None
    except ValueError:
        raise InputError("is not complete JSON", where=path, remedy=_RETRAIN) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError("is not a model file", where=path, remedy="give a model.json that qpbae train wrote")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"has schema version {document.get('schema_version')}, not {SCHEMA_VERSION}",
            where=path,
            remedy="use the qpbae_tn version that wrote it, or train again",
        )
    return document


def _threshold(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise TypeError(f"threshold {value!r}")
    return float(value)
