"""Names of the choices that a model is made of, and the checks that such choices share; light to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from qpbae_tn.errors import InputError

AnsatzName = Literal["staircase", "brick", "butterfly"]
"""Patterns of blocks; `qpbae_tn.model.ansatz.PATTERNS` makes them."""
BlockName = Literal["ry", "so4"]
"""Kinds of two-qubit blocks; `qpbae_tn.model.blocks.BLOCK_KINDS` holds them."""
Trash = Literal["first", "last"]
"""Which qubits are thrown away: the first n - BD (the paper) or the last."""
PixelOrder = Literal["row", "column", "morton"]
"""How the pixels of a patch become amplitudes: row by row (the paper), column by column, or bits interleaved."""
ScoreKind = Literal["reconstruction", "trash", "weighted"]
"""What scores a patch: F, the reconstruction fidelity (the paper), F_trash, or outcomes of the encoder by rarity."""
OutcomeKind = Literal["trash", "all", "classes"]
"""Outcomes of a shot of the encoder: strings of the trash register, of all qubits, or classes of the latter."""
WeightRule = Literal["inverse", "log", "linear", "step"]
"""How the weight of an outcome follows from its share among normal patches; `qpbae_tn.model.score` has the table."""
Fold = Literal["mean", "log"]
"""How the scores of the patches that cover a pixel are brought together: their mean (Eq. 2), or that of their logs."""
Objective = Literal["fidelity", "log-volume"]
"""What training minimises: Eq. 8, or the log-volume of the outcomes."""
Optimizer = Literal["adam", "lbfgs"]
"""Adam over batches (the paper), or L-BFGS on the mean state of all training images."""


def check_choice(field: str, value: object, choices: Sequence[str], noun: str | None = None) -> None:
    """Raises `InputError`, naming the field, unless the value is one of the choices; `noun` is what one of them is."""
    if value not in choices:
        what = f"unknown {noun or field.replace('_', ' ')} {value!r}"
        raise InputError(what, where=field, remedy=f"choose one of {', '.join(choices)}")


def check_score(score: str) -> None:
    """Raises `InputError` unless this is a `ScoreKind`."""
    check_choice("score", score, get_args(ScoreKind))
