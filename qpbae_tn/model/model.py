"""A trained model: specification, angles, thresholds and provenance, kept in a JSON file that runs no code."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.errors import InputError
from qpbae_tn.model.names import ScoreKind
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.output import write_atomically

SCHEMA = "qpbae_tn/model"
SCHEMA_VERSION = 2
READABLE_VERSIONS = (1, 2)
"""Version 1 had neither a score nor a record of normal patches."""
_RETRAIN = "train the model again or restore the file"


@dataclass(frozen=True, eq=False)
class Model:
    """A specification with its angles.

    Args:
        specification: everything but the angles.
        angles: shape (parameter_count,), radians, finite.
        thresholds: operating threshold on the scale of Y, by the label of the score; a pixel is anomalous above it.
        provenance: JSON values: data set, split, seed, versions, history.
        score: what the model is scored by unless a user says otherwise.
        normal: what it knows of normal patches, which weighted scores need; None in files of schema version 1.
    """

    specification: ModelSpecification
    angles: NDArray[np.float64]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    score: Score = field(default_factory=Score)
    normal: NormalRecord | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "angles", self.specification.ansatz.check_angles(self.angles))

    @property
    def known_normal(self) -> NormalRecord:
        """What it knows of normal patches; raises `InputError` for a model that knows nothing of them."""
        if self.normal is None:
            raise InputError(
                "the model knows nothing of normal patches", where="model", remedy="train it again with this version"
            )
        return self.normal

    def save(self, path: Path) -> None:
        """Write the model file, whole or not at all."""
        document = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "qpbae_tn_version": __version__,
            "specification": self.specification.to_json(),
            "angles": [float(angle) for angle in self.angles],
            "score": self.score.to_json(),
            "thresholds": dict(self.thresholds),
            "normal": self.normal.to_json() if self.normal is not None else None,
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
            thresholds = {score: _finite(value, "threshold") for score, value in document["thresholds"].items()}
            if {label.split(",")[0] for label in thresholds} - set(get_args(ScoreKind)):
                raise TypeError(f"thresholds for {', '.join(thresholds)}")
            score = Score.from_json(document["score"]) if "score" in document else Score()
            known = document.get("normal")
            normal = NormalRecord.from_json(known, specification) if known is not None else None
            provenance = _checked_provenance(document["provenance"], specification, path)
        except InputError as error:
            if error.where == path:
                raise
            raise InputError(f"{error.where}: {error.what}", where=path, remedy=_RETRAIN) from None
        except KeyError as error:
            raise InputError(f"is not a valid model file (no {error})", where=path, remedy=_RETRAIN) from None
        except (TypeError, AttributeError) as error:
            raise InputError(f"is not a valid model file ({error})", where=path, remedy=_RETRAIN) from None
        return cls(specification, angles, thresholds, provenance, score, normal)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise InputError(
            "no such model file", where=path, remedy="give a run folder or a model.json that qpbae train wrote"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, remedy="check its permissions") from None
    except InputError as error:
        raise InputError(error.what, where=path, remedy=_RETRAIN) from None
    except (ValueError, RecursionError):
        raise InputError("is not complete JSON", where=path, remedy=_RETRAIN) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError("is not a model file", where=path, remedy="give a model.json that qpbae train wrote")
    version = document.get("schema_version")
    if version not in READABLE_VERSIONS or isinstance(version, bool):
        raise InputError(
            f"has schema version {version}, not {' or '.join(map(str, READABLE_VERSIONS))}",
            where=path,
            remedy="use the qpbae_tn version that wrote it, or train again",
        )
    return document


def _refuse_constant(name: str) -> float:
    raise InputError(f"holds {name} where a finite number should be", remedy=_RETRAIN)


def _checked_provenance(document: Any, specification: ModelSpecification, path: Path) -> dict[str, Any]:
    """The provenance, of which what other parts of the program read is checked where it is there."""
    if not isinstance(document, dict):
        raise TypeError("provenance is not an object")
    for key, least in (("seed", 0), ("epochs", 0), ("batch_size", 1)):
        if key in document and _integer(document[key], key) < least:
            raise TypeError(f"{key} {document[key]}")
    if "learning_rate" in document and _finite(document["learning_rate"], "learning_rate") <= 0:
        raise TypeError(f"learning_rate {document['learning_rate']}")
    if "initial_angles" in document:
        specification.ansatz.check_angles(document["initial_angles"], where=path)
    for record in document.get("history", []):
        _integer(record["epoch"], "epoch")
        _finite(record["loss"], "loss")
        if record["validation_loss"] is not None:
            _finite(record["validation_loss"], "validation_loss")
    return document


def _integer(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} {value!r}")
    return value


def _finite(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise TypeError(f"{what} {value!r}")
    return float(value)
