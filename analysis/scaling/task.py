"""What a timed point's process is asked to do; a plain value that travels as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Work = Literal["score", "train"]
Source = Literal["pixels", "trains"]


@dataclass(frozen=True)
class Task:
    """One timed point.

    Args:
        work: "score" (F of a stack of patches) or "train" (loss and gradient of a batch).
        engine: "exact", "qsim" or "mps".
        patch_size: P.
        source: "pixels" (dense states; the mps engine converts them within the time) or "trains" (random matrix product
            states of the given bond, for the mps engine only).
        bond: largest bond of the mps engine; None for the others, which have none.
        patches: in the stack or batch.
        bottleneck: BD.
        layers: repetitions of the staircase.
        time_s: processor time that the process may take, rounded up to whole seconds.
        memory_mib: address space that the process may take.
        seed: of patches and angles.
    """

    work: Work
    engine: str
    patch_size: int
    source: Source
    bond: int | None
    patches: int
    bottleneck: int
    layers: int
    time_s: float
    memory_mib: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """From what `to_json` gave."""
        return cls(**document)
