"""What an exported circuit does not hold: the preparation, where the program was compiled without one."""

from __future__ import annotations

from typing import Any

import cirq

from qpbae_tn.compiler.program import CompiledProgram


def missing_note(program: CompiledProgram) -> str | None:
    """One sentence on what has to be put around the circuit before it measures its score; None with a preparation."""
    if not program.preparation.assumes_state:
        return None
    inputs, outputs = program.logical.inputs, program.logical.outputs
    what = "its input register starts" if len(inputs) == 1 else f"its {len(inputs)} input registers each start"
    then = ", and the inverse of that preparation has to follow before the measurement" if outputs else ""
    return (
        f"this circuit alone does not measure {program.readout.quantity.value}: it holds no preparation; the number "
        f"that was checked holds if {what} in the patch state{then}"
    )


def missing_parts(program: CompiledProgram) -> dict[str, Any] | None:
    """The same for the manifest, with the qubits that hold the patch and the patch that was checked."""
    note = missing_note(program)
    if note is None:
        return None
    logical = program.logical
    end = dict(zip(logical.measured, program.measured, strict=True))
    return {
        "note": note,
        "inputs": [[_place(program.qubit_map[qubit]) for qubit in register] for register in logical.inputs],
        "inputs_note": "each of these registers starts in the patch state, most significant qubit first; all other "
        "qubits start in |0>",
        "outputs": [[_place(end[qubit]) for qubit in register] for register in logical.outputs],
        "outputs_note": "on each of these registers, most significant qubit first, the inverse of the preparation "
        "stands between the last gate and the measurement: 0...0 then means that the register was in the patch state",
        "patch": program.state.tolist(),
        "patch_note": "amplitudes of the patch state for which the score was checked",
        "score": program.verification.expected,
    }


def _place(qubit: cirq.Qid) -> list[int]:
    assert isinstance(qubit, cirq.GridQubit)
    return [qubit.row, qubit.col]
