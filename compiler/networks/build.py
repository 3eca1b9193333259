"""Cirq circuits as quimb tensor networks: the one builder for ideal values, literal circuits and the `quimb` engine.

A network is made of copies: the tensors of U|start>, gate by gate, each copy with names of its own for its indices.
What is asked of the circuit lies in how the ends of the copies are joined: two copies joined everywhere are a norm, an
operator in between makes an expectation value, an end at |0> is a projection.

Three things are left out while building, all of them exact. A qubit on which a gate is diagonal keeps its index (a
control is one). SWAPs only exchange names. An index at |0> is taken out of every tensor, and what is an identity then,
a CNOT whose control is known for one, becomes a name too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cirq
import numpy as np
import quimb.tensor as qtn
from numpy.typing import NDArray

Array = NDArray[Any]
Register = tuple[cirq.Qid, ...]

PATCH = "patch"
"""The index that counts the patches of a stack; it stays open."""
ZERO = np.array([1.0, 0.0])


class Piece(NamedTuple):
    """A tensor of a network.

    Args:
        inds: the names of its indices.
        array: its values, or an array of the right shape where they are handed over later.
        source: a name for values that are handed over later, "" where `array` holds them.
        taken: for each axis of the values that are handed over whether its entry 0 is taken.
        place: the first and the last place on a line that it belongs to.
    """

    inds: tuple[str, ...]
    array: Array
    source: str = ""
    taken: tuple[bool, ...] = ()
    place: tuple[int, int] = (0, 0)

    @property
    def key(self) -> Hashable:
        """Equal for tensors with equal values."""
        if self.source:
            return self.source, self.taken
        return self.array.shape, str(self.array.dtype), self.array.tobytes()

    def value(self, values: Mapping[str, Any]) -> Any:
        """The tensor, its values looked up by name where it has one."""
        if not self.source:
            return self.array
        given = values[self.source]
        return given[tuple(0 if taken else slice(None) for taken in self.taken)] if any(self.taken) else given


@dataclass(frozen=True, eq=False)
class CircuitNetwork:
    """A network with the origin of each of its tensors.

    Args:
        pieces: the tensors.
        output: the open indices.
    """

    pieces: tuple[Piece, ...]
    output: tuple[str, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each index; of `PATCH` that with which the network was built."""
        return {i: size for piece in self.pieces for i, size in zip(piece.inds, piece.array.shape, strict=True)}

    def arrays(self, values: Mapping[str, Any]) -> list[Any]:
        """The tensors, those with a name from `values`."""
        return [piece.value(values) for piece in self.pieces]

    def quimb(self, values: Mapping[str, Any] | None = None) -> qtn.TensorNetwork:
        """As quimb's network; tensors whose values are handed over later are tagged with their names."""
        arrays = self.arrays(values or {piece.source: piece.array for piece in self.pieces if piece.source})
        return qtn.TensorNetwork(
            qtn.Tensor(array, piece.inds, tags=(piece.source,) if piece.source else ())
            for piece, array in zip(self.pieces, arrays, strict=True)
        )


class Start(NamedTuple):
    """A register in a given state.

    Args:
        qubits: the register, most significant first.
        pieces: the state as tensors; an index is named after the position of a qubit in the register ("0", "1", ...),
            `PATCH`, or anything else for a bond.
    """

    qubits: Register
    pieces: tuple[Piece, ...]


@dataclass
class NetworkBuilder:
    """Tensors gathered copy by copy.

    Args:
        pieces: the tensors so far.
        zeros: indices that are at |0>.
        joined: indices that go by another name.
    """

    pieces: list[Piece] = field(default_factory=list)
    zeros: set[str] = field(default_factory=set)
    joined: dict[str, str] = field(default_factory=dict)

    def add_copy(
        self,
        operations: Iterable[cirq.Operation],
        starts: Sequence[Start],
        places: Mapping[cirq.Qid, int],
        copy: str,
        *,
        conjugated: bool = False,
    ) -> dict[cirq.Qid, str]:
        """Add the tensors of U|start>.

        Args:
            operations: in order of time, measurements left out; a symbol may only be the angle of an RY gate.
            starts: registers in given states; all other qubits start in |0>.
            places: all qubits, each with its place on a line, which is what a sweep goes along.
            copy: a name for the copy.
            conjugated: whether the copy is that of the bra.

        Returns:
            The index at the end of each qubit.
        """
        now = {qubit: f"{copy}|{qubit}|0" for qubit in places}
        given: set[cirq.Qid] = set()
        for number, (register, pieces) in enumerate(starts):
            given.update(register)
            here = {str(place): now[qubit] for place, qubit in enumerate(register)} | {PATCH: PATCH}
            for piece in pieces:
                inds = tuple(here.get(name, f"{copy}|{number}|{name}") for name in piece.inds)
                own = [places[register[int(name)]] for name in piece.inds if name in here and name != PATCH]
                array, place = _side(piece.array, conjugated), (min(own), max(own))
                self.pieces.append(piece._replace(inds=inds, array=array, place=place))
        self.zeros.update(index for qubit, index in now.items() if qubit not in given)
        level = dict.fromkeys(now, 0)
        for operation in operations:
            if operation.gate == cirq.SWAP:
                first, second = operation.qubits
                now[first], now[second] = now[second], now[first]
                continue
            array, source, diagonal = gate_tensor(operation)
            moving = [qubit for qubit, keeps in zip(operation.qubits, diagonal, strict=True) if not keeps]
            before = [now[qubit] for qubit in moving]
            for qubit in moving:
                level[qubit] += 1
                now[qubit] = f"{copy}|{qubit}|{level[qubit]}"
            inds = (*(now[qubit] for qubit in operation.qubits), *before)
            own = [places[qubit] for qubit in operation.qubits]
            array, place = _side(array, conjugated), (min(own), max(own))
            self.pieces.append(Piece(inds, array, source, (False,) * len(inds) if source else (), place))
        return now

    def add(self, array: Array, inds: Sequence[str], place: tuple[int, int] = (0, 0)) -> None:
        """Add a tensor by itself."""
        self.pieces.append(Piece(tuple(inds), array, place=place))

    def join(self, index: str, other: str) -> None:
        """Let two indices be one, under the name of the second."""
        index, other = self._name(index), self._name(other)
        if index != other:
            self.joined[index] = other

    def network(self, output: Sequence[str] = ()) -> CircuitNetwork:
        """The network with these open indices."""
        pieces = list(self.pieces)
        for index in output:
            if (root := self._name(index)) != index:
                # An open index keeps its name: the chain that leads away from it is turned round.
                self.joined[root] = index
                del self.joined[index]
        changed = True
        while changed:
            zeros = {self._name(index) for index in self.zeros} - set(output)
            changed, kept = False, []
            for piece in pieces:
                piece = piece._replace(inds=tuple(self._name(index) for index in piece.inds))
                piece = _without(_diagonal(piece), zeros)
                if _is_name(piece, output):
                    first, second = sorted(piece.inds, key=lambda index: index in output)
                    self.join(first, second)
                    changed = True
                else:
                    kept.append(piece)
            pieces = kept
        # An open index at |0> stays open.
        at_zero = {self._name(index) for index in self.zeros} & set(output)
        return CircuitNetwork((*pieces, *(Piece((index,), ZERO) for index in sorted(at_zero))), tuple(output))

    def _name(self, index: str) -> str:
        while index in self.joined:
            index = self.joined[index]
        return index


def _is_name(piece: Piece, output: Sequence[str]) -> bool:
    """Whether a tensor only gives an index another name: an identity, not between two open indices."""
    if piece.source or piece.array.shape != (2, 2) or set(piece.inds) <= set(output):
        return False
    return np.array_equal(piece.array, np.eye(2))


def _side(array: Array, conjugated: bool) -> Array:
    return array.conj() if conjugated and np.iscomplexobj(array) else array


def _diagonal(piece: Piece) -> Piece:
    """The tensor with each of its indices once."""
    inds = tuple(dict.fromkeys(piece.inds))
    if len(inds) == len(piece.inds):
        return piece
    assert not piece.source, "the two ends of a gate with an angle are one index"
    letters = [inds.index(index) for index in piece.inds]
    return piece._replace(inds=inds, array=np.einsum(piece.array, letters, list(range(len(inds)))))


def _without(piece: Piece, zeros: set[str]) -> Piece:
    """The tensor with its entries at |0> taken."""
    at_zero = [index in zeros for index in piece.inds]
    if not any(at_zero):
        return piece
    inds = tuple(index for index, zero in zip(piece.inds, at_zero, strict=True) if not zero)
    array = piece.array[tuple(0 if zero else slice(None) for zero in at_zero)]
    places = iter(at_zero)
    taken = tuple(taken or next(places) for taken in piece.taken) if piece.source else ()
    return piece._replace(inds=inds, array=array, taken=taken)


def gate_tensor(operation: cirq.Operation) -> tuple[Array, str, tuple[bool, ...]]:
    """A gate as a tensor: axes of its qubits after it, then before it for those on which it is not diagonal.

    Returns:
        The tensor, real where the gate is; the name of its angle ("" for a number); for each qubit whether the gate is
        diagonal on it.
    """
    gate = operation.gate
    if isinstance(gate, cirq.Ry) and cirq.is_parameterized(gate):
        (name,) = cirq.parameter_names(gate)
        return np.zeros((2, 2)), name, (False,)
    matrix = cirq.unitary(operation)
    if not np.iscomplexobj(matrix) or not matrix.imag.any():
        matrix = matrix.real
    count = len(operation.qubits)
    tensor = matrix.reshape((2,) * (2 * count))
    diagonal = tuple(_is_diagonal(tensor, qubit, count) for qubit in range(count))
    names = list(range(2 * count))
    for qubit, keeps in enumerate(diagonal):
        if keeps:
            names[count + qubit] = qubit
    kept = [*range(count), *(count + qubit for qubit in range(count) if not diagonal[qubit])]
    return np.ascontiguousarray(np.einsum(tensor, names, kept)), "", diagonal


def _is_diagonal(tensor: Array, qubit: int, count: int) -> bool:
    moved = np.moveaxis(tensor, (qubit, count + qubit), (0, 1))
    return not (moved[0, 1].any() or moved[1, 0].any())


def dense_start(qubits: Register, states: Array, source: str = "") -> Start:
    """A register in the state of these amplitudes, shape (2^n,), or in each of a stack of them, shape (N, 2^n)."""
    names = tuple(str(place) for place in range(len(qubits)))
    array = states.reshape(*states.shape[:-1], *(2,) * len(qubits))
    inds = names if states.ndim == 1 else (PATCH, *names)
    return Start(qubits, (Piece(inds, array, source, (False,) * len(inds)),))


def mps_start(qubits: Register, tensors: Sequence[Array], sources: Sequence[str] | None = None) -> Start:
    """A register in matrix product states.

    Args:
        qubits: the register, at least two qubits.
        tensors: one for each qubit, shape (N, left bond, 2, right bond), or without N for one state.
        sources: a name for each tensor; the values handed over are of the full shape.
    """
    pieces = []
    for site, tensor in enumerate(tensors):
        stacked = (PATCH,) * (tensor.ndim == 4)
        whole = Piece(
            (*stacked, f"bond{site}", str(site), f"bond{site + 1}"),
            tensor,
            sources[site] if sources is not None else "",
            (False,) * tensor.ndim,
        )
        # The outer bonds have size one.
        pieces.append(_without(whole, {"bond0", f"bond{len(tensors)}"}))
    return Start(qubits, tuple(pieces))
