"""Initial angles: normal, near the DC solution, or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.documents import read_json
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Initialisation
from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.blocks import Cnot, Ry

DC_SPREAD = 0.1
"""Standard deviation in radians of the noise put on the DC solution, so that seeds differ."""


def initial_angles(ansatz: Ansatz, init: Initialisation, seed: int) -> NDArray[np.float64]:
    """Initial angles, shape (parameter_count,), radians.

    Args:
        ansatz: the blocks.
        init: "normal" (mean 0, standard deviation 1, as the authors do) or "dc" (the DC solution, a little noise).
        seed: of the random generator.
    """
    if init not in get_args(Initialisation):
        raise InputError(f"unknown initialisation {init!r}", where="init", remedy="choose normal or dc")
    noise = np.random.default_rng(seed).normal(size=ansatz.parameter_count)
    return noise if init == "normal" else dc_angles(ansatz) + DC_SPREAD * noise


def dc_angles(ansatz: Ansatz) -> NDArray[np.float64]:
    """Angles that take the uniform patch to |0...0>.

    Each qubit gets RY(-pi/2), which takes |+> to |0>, with the last RY before the qubit first controls a CNOT (or with
    its first RY, where it never does). Until then it is |+>, which CNOTs leave alone as a target; afterwards |0>, which
    does nothing as a control.
    """
    angles = np.zeros(ansatz.parameter_count)
    latest: dict[int, int] = {}
    done: set[int] = set()
    for block, offset in zip(ansatz.blocks, ansatz.offsets, strict=True):
        pair = (block.first, block.second)
        for gate in block.kind.gates:
            if isinstance(gate, Ry):
                latest[pair[gate.qubit]] = offset + gate.parameter
            elif isinstance(gate, Cnot) and pair[gate.control] not in done:
                done.add(pair[gate.control])
                if pair[gate.control] in latest:
                    angles[latest[pair[gate.control]]] = -np.pi / 2
    for qubit in set(latest) - done:
        angles[latest[qubit]] = -np.pi / 2
    return angles


def read_initial_angles(path: Path, ansatz: Ansatz) -> NDArray[np.float64]:
    """Angles from a JSON file: a list of n-1 pairs, or a list of such lists for more layers.

    Raises:
        InputError: a file that cannot be read, is not JSON, or holds another number of angles.
    """
    document = read_json(path, list[Any], remedy="give a list of pairs of radians")
    return ansatz.check_angles(document, where=path)
