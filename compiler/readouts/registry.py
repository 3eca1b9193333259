"""The readouts by name."""

from __future__ import annotations

from qpbae_tn.compiler.readouts.ancilla import AncillaTest, AncillaTraining
from qpbae_tn.compiler.readouts.destructive import Destructive
from qpbae_tn.compiler.readouts.direct import Direct
from qpbae_tn.compiler.readouts.echo import Echo
from qpbae_tn.compiler.readouts.latent import Latent
from qpbae_tn.compiler.readouts.protocol import Readout
from qpbae_tn.errors import InputError

_ALL: tuple[Readout, ...] = (Latent(), Destructive(), Echo(), AncillaTest(), Direct(), AncillaTraining())
READOUTS: dict[str, Readout] = {readout.name: readout for readout in _ALL}


def get_readout(name: str) -> Readout:
    """The readout of this name; raises `InputError` for an unknown one."""
    try:
        return READOUTS[name]
    except KeyError:
        raise InputError(
            f"unknown readout {name!r}", where="--readout", remedy=f"choose one of {', '.join(READOUTS)}"
        ) from None
