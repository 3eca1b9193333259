"""What fits on a processor: qubits of a readout's circuit, and what else to choose where it has too many."""

from __future__ import annotations

from qpbae_tn.compiler.generic import generic_angles
from qpbae_tn.compiler.readouts import READOUTS, ReadoutCircuit
from qpbae_tn.compiler.reductions import LITERAL, REDUCTIONS
from qpbae_tn.compiler.targets.devices import known_targets, load_target
from qpbae_tn.compiler.targets.target import Target
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification


def check_size(
    specification: ModelSpecification, readout: ReadoutCircuit, target: Target, *, literal: bool = False
) -> None:
    """Refuse, before any work, a readout that has more qubits than the processor; says what would fit.

    Args:
        specification: the model.
        readout: what to measure.
        target: the processor.
        literal: whether the remedy should speak of circuits without reductions.

    Raises:
        InputError: the paper's circuit of the readout alone is too large.
    """
    needs, room = readout.needs(specification), len(target.qubits)
    least = needs.copies * specification.qubit_count + needs.fresh + needs.ancillas
    if least > room:
        raise InputError(
            f"readout {readout.name} at P = {specification.patch_size} takes {least} qubits, {target.name} has {room}",
            where="target",
            remedy=_remedy(specification, readout, target, least, literal),
        )


def qubits_needed(specification: ModelSpecification, readout: ReadoutCircuit, *, literal: bool = False) -> int:
    """Qubits of the circuit that is compiled, preparation apart, which needs none of its own."""
    program = readout.program(specification, generic_angles(specification, 0).tolist())
    for reduction in LITERAL if literal else (*LITERAL, *REDUCTIONS):
        program = reduction.apply(program)
    return len(program.qubits)


def _remedy(
    specification: ModelSpecification, readout: ReadoutCircuit, target: Target, least: int, literal: bool
) -> str:
    """Names only what has room; readouts of the same quantity, smaller patches, other processors."""
    room = len(target.qubits)
    same = [other for other in READOUTS.values() if other.quantity is readout.quantity and other.name != readout.name]
    fitting = [other.name for other in same if qubits_needed(specification, other, literal=literal) <= room]
    choices = [f"the {' or '.join(fitting)} readout"] if fitting else []
    size = specification.patch_size // 2
    while size >= 2:
        smaller = ModelSpecification.build(
            size,
            bottleneck=min(specification.bottleneck, 2 * (size.bit_length() - 1) - 1),
            trash=specification.trash,
            image_size=specification.image_size,
        )
        if qubits_needed(smaller, readout, literal=literal) <= room:
            choices.append(f"patches of {size} px or less")
            break
        size //= 2
    own = max(least, qubits_needed(specification, readout, literal=literal))
    larger = [name for name in known_targets() if name != target.name and len(load_target(name).qubits) >= own]
    choices += [f"`target` {' or '.join(larger)}"] if larger else []
    if not choices:
        return "no processor that is known here holds it: use smaller patches and another readout"
    return f"use {', or '.join(choices)}"
