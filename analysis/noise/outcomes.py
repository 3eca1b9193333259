"""Exact outcome distributions of a noisy encoder, and what the noise makes of weighted maps.

The whole state of each patch is pushed through the circuit in the Pauli basis, channels included. Of its expectations
those of products of Z on the measured qubits give the distribution of their bits, by a Walsh-Hadamard transform.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.noise.calibrated import CalibratedNoise, Source
from qpbae_tn.analysis.noise.expectation import BATCH_ENTRIES, STATE_QUBITS, TooEntangled, pushed
from qpbae_tn.analysis.noise.program import NoisyProgram
from qpbae_tn.analysis.noise.transfer import FloatArray
from qpbae_tn.compiler.compiled import CompiledProgram
from qpbae_tn.compiler.outcomes import OutcomeEstimator
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.scoring import LEAST_ANOMALY
from qpbae_tn.metrics.ranked import Labels, rank_metrics
from qpbae_tn.model.names import Fold, WeightRule
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.score import outcome_weights

LARGEST_NOISY = 8
"""Largest P: the state of 6 qubits has 4,096 Pauli expectations a patch."""


def noisy_outcomes(
    program: CompiledProgram, states: FloatArray, sources: Collection[Source] = tuple(Source)
) -> FloatArray:
    """The probability of each outcome with the calibrated noise of the program's target.

    Args:
        program: of the readout `outcomes`, compiled with the model's angles and a preparation.
        states: patch states, shape (N, 2^n).
        sources: of noise that are switched on.

    Returns:
        Shape (N, K), rows adding up to one.

    Raises:
        InputError: another readout, a patch too large, or a program that `CalibratedNoise` refuses.
    """
    estimator = program.estimator
    if not isinstance(estimator, OutcomeEstimator):
        raise InputError(f"readout {program.readout.name} has no outcomes", where="readout", remedy="choose outcomes")
    if program.specification.patch_size > LARGEST_NOISY:
        raise InputError(
            f"exact noisy outcomes at P = {program.specification.patch_size}",
            where="patch_size",
            remedy=f"give at most {LARGEST_NOISY}",
        )
    noisy = CalibratedNoise(program).noisy(sources)
    exponents = program.parameters.exponents(program.fit(states)[0])
    bits = measured_bits(noisy, program.measured, exponents)
    return np.stack([estimator.gathered(row) for row in bits])


def measured_bits(noisy: NoisyProgram, measured: Sequence[Any], exponents: FloatArray) -> FloatArray:
    """Probabilities of all bits of a noisy program, shape (N, 2^m), the first measured bit most significant."""
    qubits = len({wire for step in noisy.steps for wire in step.wires}.union(measured))
    if qubits > STATE_QUBITS:
        raise TooEntangled(f"{qubits} qubits in one tensor of states")
    batch = max(1, BATCH_ENTRIES >> (2 * qubits))
    found = []
    for start in range(0, len(exponents), batch):
        tensor = pushed(noisy.steps, tuple(measured), np.pi * exponents[start : start + batch])
        # Of the Pauli strings those of I and Z: their expectations are sums of probabilities with signs.
        signs = tensor[np.ix_(*([0, 3] for _ in measured), range(tensor.shape[-1]))]
        for axis in range(len(measured)):
            first, second = signs.take(0, axis), signs.take(1, axis)
            signs = np.stack([first + second, first - second], axis) / 2
        found.append(signs.reshape(1 << len(measured), -1).T)
    return np.maximum(np.concatenate(found), 0.0)


@dataclass(frozen=True, eq=False)
class NoisyOutcomes:
    """Outcomes of a data set's patches on a noisy device, with and without the noise.

    Args:
        grid: where the patches lie.
        labels: the masks, in the layout of `PatchGrid.fold_stack`.
        clean: of the test images without noise, shape (images, N, K).
        noisy: the same with noise.
        shares: lambda without noise, shape (K,).
        noisy_shares: lambda from noisy counts, in the limit of many of them.
        sizes: strings of each outcome, shape (K,).
    """

    grid: PatchGrid
    labels: Labels
    clean: FloatArray
    noisy: FloatArray
    shares: FloatArray
    noisy_shares: FloatArray
    sizes: FloatArray

    def rows(
        self, epsilons: Sequence[float], folds: Sequence[Fold] = ("mean", "log"), rule: WeightRule = "inverse"
    ) -> list[dict[str, Any]]:
        """AUPRO and AUROC for each epsilon and fold: without noise, with noise, and with weights from noisy counts."""
        found = []
        for epsilon in epsilons:
            clean, learned = (
                outcome_weights(rule, lam, self.sizes, epsilon) for lam in (self.shares, self.noisy_shares)
            )
            for fold in folds:
                cases = {
                    "exact": (self.clean, clean),
                    "noisy": (self.noisy, clean),
                    "noisy_weights": (self.noisy, learned),
                }
                row: dict[str, Any] = {"weights": rule, "epsilon": epsilon, "fold": fold}
                for name, (probabilities, weights) in cases.items():
                    row[f"auroc_{name}"], row[f"aupro_{name}"] = self._metrics(probabilities @ weights, fold)
                row["mean_score"] = float((self.noisy @ clean).mean() / (self.clean @ clean).mean())
                found.append(row)
        return found

    def _metrics(self, scores: NDArray[np.float64], fold: Fold) -> tuple[float, float]:
        values = np.log(np.maximum(scores, LEAST_ANOMALY)) if fold == "log" else scores
        ranks = rank_metrics(self.grid.fold_stack(values.T), self.labels)
        return ranks.auroc, ranks.aupro
