"""Outcomes: what one shot of the encoder can give, over the trash register, over all qubits, or gathered in classes.

A shot of the encoder alone ends in a bit string. Over the trash register there are 2^(n - BD) of them, over all qubits
2^n. Both end near n = 12, and past it strings are gathered in classes that any tensor network can sum: the finest
excited row bit and the finest excited column bit of the patch, (n/2 + 1)^2 pairs. After a Hadamard gate on every qubit
these are the dyadic subbands of the patch (the Walsh functions of one scale, sorted by how fast they change sign).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.names import OutcomeKind, check_choice
from qpbae_tn.model.specification import ModelSpecification

MAX_OUTCOMES = 4096
"""Bit strings that are held one by one; more have to be gathered in classes."""


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of one readout of a model's encoder.

    Args:
        specification: the model.
        kind: "trash" (bit strings of the trash register), "all" (of all qubits), or "classes" of the latter.

    Raises:
        InputError: an unknown kind, or more than `MAX_OUTCOMES` bit strings that would be held one by one.

    Example:
        >>> from qpbae_tn.model.specification import ModelSpecification
        >>> outcomes = Outcomes(ModelSpecification.build(patch_size=4, bottleneck=1), "classes")
        >>> outcomes.count, outcomes.sizes.astype(int).tolist()
        (9, [1, 1, 2, 1, 1, 2, 2, 2, 4])
    """

    specification: ModelSpecification
    kind: OutcomeKind

    def __post_init__(self) -> None:
        check_choice("outcomes", self.kind, get_args(OutcomeKind))
        if self.kind != "classes" and self.count > MAX_OUTCOMES:
            raise InputError(
                f"{len(self.measured)} measured qubits have {self.count:,} outcomes, at most {MAX_OUTCOMES:,} are held",
                where="outcomes",
                remedy="choose classes",
            )

    @property
    def measured(self) -> tuple[int, ...]:
        """The qubits that are measured, in the order of the bits of a string, the most significant first."""
        if self.kind == "trash":
            return self.specification.trash_qubits
        return tuple(range(self.specification.qubit_count))

    @property
    def scales(self) -> int:
        """Values of the finest excited row (or column) bit: none, or one of n/2."""
        return self.specification.qubit_count // 2 + 1

    @property
    def count(self) -> int:
        """K, the number of outcomes."""
        return self.scales**2 if self.kind == "classes" else 1 << len(self.measured)

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """How many bit strings each outcome gathers, shape (K,)."""
        if self.kind != "classes":
            return np.ones(self.count)
        # One string without an excited bit, 2^j whose finest excited bit is number j.
        of_one = np.concatenate([[1.0], 2.0 ** np.arange(self.scales - 1)])
        return np.outer(of_one, of_one).ravel()

    def of_strings(self, strings: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
        """The outcome of each measured string, both as numbers whose most significant bit is `measured[0]`.

        Args:
            strings: whole numbers below 2^len(measured), any shape.

        Returns:
            Numbers below K, of the same shape. For classes it is (row class) * (n/2 + 1) + (column class), each 0
            without an excited bit and else the place of the finest one, counted from 1 at the coarsest.
        """
        numbers: NDArray[np.intp] = np.asarray(strings).astype(np.intp)
        if self.kind != "classes":
            return numbers
        rows, columns = side_qubits(self.specification)
        last = len(self.measured) - 1
        classes = []
        for side in (rows, columns):
            finest = np.zeros_like(numbers)
            for place, qubit in enumerate(side, start=1):
                finest = np.where((numbers >> (last - qubit)) & 1, place, finest)
            classes.append(finest)
        return np.asarray(classes[0] * self.scales + classes[1])

    def gather(self, probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
        """Probabilities of the strings of all n qubits, shape (..., 2^n), summed to those of the outcomes, (..., K)."""
        if self.kind == "all":
            return probabilities
        if self.kind == "classes":
            order, starts = self._sorted
            return np.asarray(np.add.reduceat(probabilities[..., order], starts, axis=-1))
        trash, latent = 1 << self.specification.trash_count, 1 << self.specification.bottleneck
        if self.specification.trash == "first":
            return np.asarray(probabilities.reshape(*probabilities.shape[:-1], trash, latent).sum(axis=-1))
        return np.asarray(probabilities.reshape(*probabilities.shape[:-1], latent, trash).sum(axis=-2))

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The strings of all qubits sorted by outcome, and where each outcome starts in that order."""
        members = self.of_strings(np.arange(self.specification.pixel_count))
        order = np.argsort(members, kind="stable")
        return order, np.searchsorted(members[order], np.arange(self.count))


def side_qubits(specification: ModelSpecification) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The qubits that hold the row bits and the column bits of a pixel, each from the coarsest to the finest."""
    qubits = range(specification.qubit_count)
    half = specification.qubit_count // 2
    if specification.pixel_order == "morton":
        return tuple(qubits[0::2]), tuple(qubits[1::2])
    first, second = tuple(qubits[:half]), tuple(qubits[half:])
    return (first, second) if specification.pixel_order == "row" else (second, first)
