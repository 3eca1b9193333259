"""Effective parameters: how many directions of the angles the training loss can see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.exact.mean_state import MeanState, MeanStateLoss, latent_rows
from qpbae_tn.specification import ModelSpecification

MAX_DENSE_QUBITS = 12


def effective_parameters(specification: ModelSpecification, seed: int = 0) -> int | None:
    """Rank of the Jacobian of F_trash by the angles, at generic angles and over generic states.

    F_trash as a function of the patch state is what training shapes; angles that do not move it are free. One layer of
    the paper's ansatz has n - BD such directions, not 2 (n - 1).

    Args:
        specification: the model.
        seed: of the generic angles and states.

    Returns:
        The rank, or None past 12 qubits, where dense states are too large.
    """
    if specification.qubit_count > MAX_DENSE_QUBITS:
        return None
    rng = np.random.default_rng(seed)
    ansatz = specification.ansatz
    angles = rng.normal(size=ansatz.parameter_count)
    rows = latent_rows(specification, ansatz.matrices(angles))
    probes = min(ansatz.parameter_count + 8, specification.pixel_count * (specification.pixel_count + 1) // 2)
    jacobian = np.empty((probes, ansatz.parameter_count))
    for index in range(probes):
        # Half of a probe lies where F_trash is one, so that no row of the Jacobian is exponentially small.
        state = _unit(rng.normal(size=rows.shape[:1])) @ rows + _unit(rng.normal(size=rows.shape[1:]))
        loss = MeanStateLoss(specification, MeanState(_unit(state)[None, :], factored=True))
        jacobian[index] = loss.value_and_gradient(angles)[1]
    return int(np.linalg.matrix_rank(jacobian, rtol=1e-8))


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector))
