"""State preparation of real amplitude vectors in RY and CZ: exact, through matrix product states, or none."""

from __future__ import annotations

from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation, MpsToFidelity
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation
from qpbae_tn.errors import InputError

PREPARATION_NAMES = ("none", "exact", "mps", "mps:BOND", "mps:FIDELITY")
"""What `parse_preparation` understands: mps alone has bond 2; a number with a point is a fidelity to reach."""


def parse_preparation(name: str, bond: int | None = None) -> Preparation:
    """The preparation of this name.

    Args:
        name: one of `PREPARATION_NAMES`, e.g. "exact", "mps:4" or "mps:0.995".
        bond: bond dimension for "mps", where it is not part of the name.

    Raises:
        InputError: an unknown name, a bond below 1, a fidelity outside (0, 1), or a bond where none belongs.

    Example:
        >>> preparation = parse_preparation("mps:2")
        >>> preparation.template(6).two_qubit_gates
        9
        >>> import numpy as np
        >>> preparation.fit(np.full((1, 64), 0.125)).fidelity
        array([1.])
    """
    kind, _, value = name.partition(":")
    if kind == "mps" and not value and name == "mps":
        return MpsPreparation(2 if bond is None else bond)
    if bond is not None:
        raise InputError(f"a bond beside preparation {name!r}", where="bond", remedy="leave it out, or give mps")
    if name == "none":
        return NoPreparation()
    if name == "exact":
        return ExactPreparation()
    try:
        if kind == "mps" and "." in value:
            return MpsToFidelity(float(value))
        if kind == "mps":
            return _of_bond(int(value))
    except InputError:
        raise
    except ValueError:
        pass
    raise InputError(
        f"unknown preparation {name!r}", where="preparation", remedy=f"choose one of {', '.join(PREPARATION_NAMES)}"
    )


def _of_bond(bond: int) -> MpsPreparation:
    """`mps:BOND`; a bond that is out of range is the fault of the name, not of `bond`."""
    if bond < 1:
        raise InputError(f"bond {bond} in 'mps:{bond}'", where="preparation", remedy="give a bond of at least 1")
    return MpsPreparation(bond)
