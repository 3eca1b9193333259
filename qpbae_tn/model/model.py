"""A trained model: specification, angles, thresholds and provenance, kept in a JSON file that runs no code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from qpbae_tn import __version__
from qpbae_tn.documents import read_json, shaped
from qpbae_tn.errors import InputError
from qpbae_tn.model.names import Objective, Optimizer, ScoreKind, check_choice
from qpbae_tn.model.normal import NormalRecord
from qpbae_tn.model.score import Score
from qpbae_tn.model.specification import ModelSpecification
from qpbae_tn.output import write_json
from qpbae_tn.tables import facts_html

SCHEMA = "qpbae_tn/model"
SCHEMA_VERSION = 2
READABLE_VERSIONS = (1, 2)
"""Version 1 had neither a score nor a record of normal patches."""
_RETRAIN = "train the model again or restore the file"


@dataclass(frozen=True, eq=False)
class Model:
    """A specification with its angles.

    Example:
        >>> model = Model(ModelSpecification.build(patch_size=2, bottleneck=1), [0.1, 0.2])
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.json")
        ...     Model.load(folder)
        Model(P=2, S=1, BD=1, staircase of 1 blocks, reconstruction)

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

    def __repr__(self) -> str:
        ansatz = self.specification.ansatz
        return f"Model({self.specification.label}, {ansatz.name} of {len(ansatz.blocks)} blocks, {self.score.label})"

    def _repr_html_(self) -> str:
        specification, ansatz = self.specification, self.specification.ansatz
        facts = {
            "patches": f"{specification.patch_size} x {specification.patch_size} px, stride {specification.stride}",
            "qubits": f"{specification.trash_count} trash + {specification.bottleneck} latent",
            "ansatz": f"{ansatz.name}, {len(ansatz.blocks)} blocks, {ansatz.parameter_count} angles",
            "score": self.score.label,
            "thresholds": ", ".join(f"{label}: {value:.5f}" for label, value in self.thresholds.items()),
            "data": self.provenance.get("data", {}).get("data_set", "not recorded"),
        }
        return facts_html("Quantum Patch-Based Autoencoder", facts)

    def save(self, path: Path | str) -> None:
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
        write_json(Path(path), document)

    @classmethod
    def load(cls, path: Path | str) -> Model:
        """Read a model file, or the `model.json` of a run folder.

        Raises:
            InputError: a file that is missing, truncated, of another schema or version, or with values that are not
                what a model needs; the message names the file and the field.
        """
        path = Path(path)
        if path.is_dir():
            path = path / "model.json"
        document = _read(path)
        held = shaped(document, _ModelFile, where=path, remedy=_RETRAIN)
        try:
            specification = ModelSpecification.from_json(held.specification)
            check_angles = specification.ansatz.check_angles
            angles = check_angles(held.angles)
            if held.provenance.initial_angles is not None:
                check_angles(held.provenance.initial_angles, where="initial_angles")
            for label in held.thresholds:
                check_choice("thresholds", label.split(",")[0], get_args(ScoreKind), "score")
            score = Score.from_json(held.score) if held.score is not None else Score()
            normal = NormalRecord.from_json(held.normal, specification) if held.normal is not None else None
        except InputError as error:
            raise InputError(f"{error.where}: {error.what}", where=path, remedy=_RETRAIN) from None
        return cls(specification, angles, held.thresholds, document["provenance"], score, normal)


_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Natural = Annotated[int, msgspec.Meta(ge=0)]


class _Epoch(msgspec.Struct):
    epoch: int
    loss: float
    validation_loss: float | None


class _Provenance(msgspec.Struct):
    """What other parts of the program read of it, where it is there; it may hold more."""

    seed: _Natural = 0
    epochs: _Natural = 0
    batch_size: _Positive = 1
    learning_rate: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    starts: _Natural = 0
    steps: _Positive = 1
    objective: Objective = "fidelity"
    optimizer: Optimizer | None = None
    initial_angles: list[Any] | None = None
    history: list[_Epoch] = []


class _ModelFile(msgspec.Struct):
    """The shape of a model file, down to where the parts of a model check themselves."""

    specification: dict[str, Any]
    angles: list[Any]
    thresholds: dict[str, float]
    provenance: _Provenance
    score: dict[str, Any] | None = None
    normal: dict[str, Any] | None = None


def _read(path: Path) -> dict[str, Any]:
    document: Any = read_json(path, object, remedy=_RETRAIN)
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
