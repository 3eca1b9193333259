"""The stages of a compiled circuit: every operation carries the one that it belongs to as a tag."""

from __future__ import annotations

from enum import StrEnum

import cirq


class Stage(StrEnum):
    """Which part of a program an operation belongs to.

    A string enumeration, so that tagged circuits serialise as they are; read back, a tag is the plain string, which
    still equals its stage.
    """

    PREPARATION = "preparation"
    ENCODER = "encoder"
    DECODER = "decoder"
    READOUT = "readout"


def tagged(operations: cirq.OP_TREE, stage: Stage) -> cirq.Circuit:
    """The operations as a circuit, packed to the left, each tagged with this stage; stages they had are replaced."""
    return cirq.Circuit(
        operation.untagged.with_tags(*(tag for tag in operation.tags if not _is_stage(tag)), stage)
        for operation in cirq.flatten_to_ops(operations)
    )


def stage_of(operation: cirq.Operation) -> Stage:
    """The stage of an operation; raises ValueError unless it is tagged with exactly one."""
    found = [Stage(tag) for tag in operation.tags if _is_stage(tag)]
    if len(found) != 1:
        raise ValueError(f"{operation!r} carries {len(found)} stage tags instead of one")
    return found[0]


def _is_stage(tag: object) -> bool:
    return isinstance(tag, str) and tag in _NAMES


_NAMES = frozenset(stage.value for stage in Stage)
