"""Google's calibrated noise on a compiled program, stage by stage, in the Pauli basis.

The channels are those of `Target.noise_model()` and nothing else: Pauli errors of gates, relaxation and dephasing of
all qubits of a moment, coherent errors of two-qubit gates where the calibration has them, readout errors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import cirq

from qpbae_tn.analysis.noise.program import NoisyProgram, Step, Turn, fused, observable
from qpbae_tn.analysis.noise.transfer import FloatArray, operation_transfer
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.gates import Stage, stage_of
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.compiler.targets.target import check_program
from qpbae_tn.errors import InputError


class Source(StrEnum):
    """Where noise comes from: a stage's gates with the waits before them, or errors of reading the bits."""

    PREPARATION = "preparation"
    ENCODER = "encoder"
    DECODER = "decoder"
    READOUT = "readout"
    MEASUREMENT = "measurement"


@dataclass(frozen=True, eq=False)
class CalibratedNoise:
    """A compiled program with the noise of its target, every channel put down to a source.

    A channel on a qubit belongs to the gate in whose moment it stands, or, while the qubit waits, to its next gate.

    Args:
        program: compiled with a preparation; its angles may not be symbols.

    Raises:
        InputError: a program that holds no patch, or whose angles are symbols.
    """

    program: CompiledProgram

    def __post_init__(self) -> None:
        if self.program.preparation.assumes_state:
            raise InputError("a program without preparation", where="preparation", remedy="choose exact or mps")
        if self.program.angles is None:
            raise InputError("the program's angles are symbols", where="angles", remedy="compile it with numbers")

    def noisy(self, sources: Collection[Source] = tuple(Source)) -> NoisyProgram:
        """The program with the noise of these sources switched on."""
        steps = fused(step for source, step in self._steps if source is None or source in sources)
        estimator = self.program.estimator
        if isinstance(estimator, OutcomeEstimator):  # all bits are looked at, none of their products
            return NoisyProgram(steps, (), ())
        return NoisyProgram(steps, (), observable(estimator, self.program.measured))

    @cached_property
    def _steps(self) -> tuple[tuple[Source | None, Step], ...]:
        """The program's gates (without source) and the channels of all sources, in order of time."""
        program = self.program
        check_program(program.circuit, program.target)  # the noise model would leave gates without calibration clean
        noisy_circuit = program.circuit.with_noise(program.target.noise_model())
        columns = {name: index for index, name in enumerate(program.parameters.names)}
        transfers: dict[cirq.Gate, FloatArray] = {}
        steps: list[tuple[Source | None, Step]] = []
        for moment, owners in zip(noisy_circuit, _owners(noisy_circuit), strict=True):
            for op in moment:
                if cirq.is_measurement(op):
                    continue
                if _is_gate_of(op):
                    steps.append((None, _gate_step(op, columns, transfers)))
                elif op.qubits[0] in owners:  # a qubit that is done with needs no noise
                    steps.append((owners[op.qubits[0]], Step(op.qubits, _transfer(op, transfers))))
        return tuple(steps)


def _owners(circuit: cirq.Circuit) -> list[Mapping[cirq.Qid, Source]]:
    """For each moment of a noisy circuit the source that channels on each qubit are put down to.

    Channels stand after the gates that they belong to, those of readout errors in the moment before the measurement. A
    wait for the measurement belongs to the readout stage, as in `price_program`.
    """
    upcoming: list[dict[cirq.Qid, Source]] = []
    coming: dict[cirq.Qid, Source] = {}
    for moment in reversed(circuit):
        upcoming.append(dict(coming))
        coming.update(_sources(moment))
    upcoming.reverse()
    found: list[Mapping[cirq.Qid, Source]] = []
    latest: dict[cirq.Qid, Source] = {}
    for moment, following, later in zip(circuit, [*circuit[1:], cirq.Moment()], upcoming, strict=True):
        latest = _sources(moment) or latest
        reads = any(cirq.is_measurement(op) for op in following)
        waits = {q: Source.READOUT if source is Source.MEASUREMENT else source for q, source in later.items()}
        found.append(later if reads else {**waits, **latest})
    return found


def _sources(moment: cirq.Moment) -> dict[cirq.Qid, Source]:
    """What the program's own operations in a moment belong to, by qubit."""
    found: dict[cirq.Qid, Source] = {}
    for op in moment:
        if cirq.is_measurement(op):
            found.update(dict.fromkeys(op.qubits, Source.MEASUREMENT))
        elif _is_gate_of(op):
            found.update(dict.fromkeys(op.qubits, Source(stage_of(op).value)))
    return found


def _is_gate_of(op: cirq.Operation) -> bool:
    """Whether the operation is the program's own: those carry a stage, channels of the noise model do not."""
    return any(isinstance(tag, str) and tag in set(Stage) for tag in op.tags)


def _gate_step(op: cirq.Operation, columns: Mapping[str, int], transfers: dict[cirq.Gate, FloatArray]) -> Step:
    gate = op.gate
    if not cirq.is_parameterized(op) or not isinstance(gate, cirq.PhasedXZGate):
        return Step(op.qubits, _transfer(op, transfers))

    # Pauli transfer matrices of rotations are A + cos(pi x) C + sin(pi x) S: three values of x give the three.
    def at(x: float) -> FloatArray:
        turned = cirq.PhasedXZGate(
            x_exponent=x, z_exponent=gate.z_exponent, axis_phase_exponent=gate.axis_phase_exponent
        )
        return _transfer(turned.on(*op.qubits), transfers)

    none, half, whole = at(0.0), at(0.5), at(1.0)
    fixed, cosine = (none + whole) / 2, (none - whole) / 2
    return Step(op.qubits, fixed, Turn(cosine, half - fixed, columns[str(gate.x_exponent)]))


def _transfer(op: cirq.Operation, transfers: dict[cirq.Gate, FloatArray]) -> FloatArray:
    gate = op.gate
    if gate is None or isinstance(gate, cirq.KrausChannel):  # Kraus channels cannot be hashed
        return operation_transfer(op)
    if gate not in transfers:
        transfers[gate] = operation_transfer(op)
    return transfers[gate]
