"""Samples of programs past what a state vector holds, by quimb's circuits that stay a matrix product state."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cirq
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError


class MpsSampler(cirq.Sampler):  # type: ignore[misc]
    """Bit strings of circuits past what a state vector holds: quimb's circuits that stay a matrix product state.

    Qubits stand on a line by the spectrum of the graph of two-qubit gates, so that those with gates between them are
    near. Circuits of this model keep bonds of 4 to 64 there, whatever their number of qubits.

    Args:
        seed: of the shots.
        bond: largest bond dimension, None for no limit.
        cutoff: singular values below this, relative to the largest, are left out.
    """

    def __init__(self, seed: int = 0, bond: int | None = None, cutoff: float = 1e-10) -> None:
        if bond is not None and bond < 1:
            raise InputError(f"bond {bond}", where="bond", remedy="give at least 1")
        self._rng = np.random.default_rng(seed)
        self._bond = bond
        self._cutoff = cutoff
        self.truncation_error = 0.0
        """The largest 1 - |<psi|psi~>|^2 of a circuit so far, as quimb estimates it from what it left out."""

    def run_sweep(
        self, program: cirq.AbstractCircuit, params: cirq.Sweepable, repetitions: int = 1
    ) -> Sequence[cirq.Result]:
        """As `cirq.Sampler.run_sweep`; raises `InputError` for a gate that follows a measurement of its qubit."""
        if not program.are_all_measurements_terminal():
            raise InputError("a gate follows a measurement", where="circuit", remedy="measure at the end")
        results = []
        for resolver in cirq.to_resolvers(params):
            circuit = cirq.resolve_parameters(program.unfreeze(), resolver)
            line = _line(circuit)
            bits = self._bits(circuit, line, repetitions)
            measured = [op for op in circuit.all_operations() if cirq.is_measurement(op)]
            records = {cirq.measurement_key_name(op): bits[:, [line[qubit] for qubit in op.qubits]] for op in measured}
            results.append(cirq.ResultDict(params=resolver, measurements=records))
        return results

    def _bits(self, circuit: cirq.AbstractCircuit, line: dict[cirq.Qid, int], repetitions: int) -> NDArray[np.uint8]:
        """The bit of each qubit of the line in each shot, shape (repetitions, qubits)."""
        from quimb.tensor import CircuitMPS

        # quimb wants two sites at least.
        whole = CircuitMPS(max(len(line), 2), max_bond=self._bond, cutoff=self._cutoff)
        for operation in circuit.all_operations():
            if not cirq.is_measurement(operation):
                whole.apply_gate_raw(cirq.unitary(operation), [line[qubit] for qubit in operation.qubits])
        self.truncation_error = max(self.truncation_error, float(whole.error_estimate()))
        state = whole.get_psi()
        state.right_canonize()
        state.permute_arrays("lpr")
        arrays = [np.asarray(array) for array in state.arrays]
        return _shots([arrays[0][None], *arrays[1:-1], arrays[-1][..., None]], repetitions, self._rng)


def _line(circuit: cirq.AbstractCircuit) -> dict[cirq.Qid, int]:
    """A place on a line for each qubit."""
    graph = nx.Graph()
    graph.add_nodes_from(sorted(circuit.all_qubits()))
    for operation in circuit.all_operations():
        if not cirq.is_measurement(operation):
            for first, second in combinations(operation.qubits, 2):
                weight = graph.get_edge_data(first, second, {"weight": 0})["weight"]
                graph.add_edge(first, second, weight=weight + 1)
    return {qubit: place for place, qubit in enumerate(nx.spectral_ordering(graph, seed=0))}


def _shots(
    tensors: Sequence[NDArray[np.complexfloating]], repetitions: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Bit strings from a state whose tensors, shape (left bond, 2, right bond), are isometries from the right."""
    bits = np.empty((repetitions, len(tensors)), dtype=np.uint8)
    columns = np.ones((repetitions, 1), dtype=np.complex128)
    for site, tensor in enumerate(tensors):
        left, _, right = tensor.shape
        both = (columns @ tensor.reshape(left, 2 * right)).reshape(repetitions, 2, right)
        weights = np.square(np.abs(both)).sum(axis=2)
        chosen = rng.random(repetitions) * weights.sum(axis=1) >= weights[:, 0]
        bits[:, site] = chosen
        picked = np.arange(repetitions), chosen.astype(np.intp)
        columns = both[picked] / np.sqrt(weights[picked])[:, None]
    return bits
