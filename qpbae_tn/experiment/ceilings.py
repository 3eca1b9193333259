"""What the best encoder could reach: the PCA ceiling over all unitaries, the product ceiling over product filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

from qpbae_tn.engines.exact import MeanState, MeanStateLoss
from qpbae_tn.model.fidelity import latent_rows
from qpbae_tn.model.specification import ModelSpecification

DENSE_SIZE = 512
PRODUCT_RESTARTS = 8
PRODUCT_SWEEPS = 200


def pca_ceiling(specification: ModelSpecification, mean_state: MeanState) -> float:
    """max over all unitaries of Tr[U_0 Sigma U_0^T]: the sum of the 2^BD largest eigenvalues of Sigma.

    This is uncentred PCA of the normalised patches (Ky Fan). The least loss that any encoder reaches is one minus it.
    """
    array, count = mean_state.array, 1 << specification.bottleneck
    if mean_state.factored and array.shape[0] < array.shape[1]:
        array = array @ array.T
    elif mean_state.factored:
        array = array.T @ array
    if count >= array.shape[0]:
        return float(np.trace(array))
    if array.shape[0] <= DENSE_SIZE or count > array.shape[0] // 4:
        return float(np.linalg.eigvalsh(array)[-count:].sum())
    operator = LinearOperator(array.shape, matvec=lambda vector: array @ vector, dtype=array.dtype)
    start = np.ones(array.shape[0])
    return float(eigsh(operator, k=count, which="LA", v0=start, return_eigenvectors=False).sum())


def product_ceiling(specification: ModelSpecification, sigma: NDArray[np.float64], seed: int = 0) -> float:
    """max over product filters of Tr[(v x I_A)^T Sigma (v x I_A)], v = v_0 x ... x v_{n_t-1}, each v_i a unit vector.

    One layer of the paper's ansatz is such a filter (trash first). The maximum is found by alternating eigenproblems of
    2 x 2, each of which cannot lower the value, from several starts; it is a lower bound that restarts agree on.

    Args:
        specification: the model.
        sigma: shape (2^n, 2^n).
        seed: of the random starts; the first start is the uniform filter.
    """
    trash = specification.trash_count
    latent = 1 << specification.bottleneck
    tensor = sigma.reshape(1 << trash, latent, 1 << trash, latent)
    if specification.trash == "last":
        tensor = sigma.reshape(latent, 1 << trash, latent, 1 << trash).transpose(1, 0, 3, 2)
    # The latent register is never filtered: trace it out once.
    reduced = np.einsum("aibi->ab", tensor)
    rng = np.random.default_rng(seed)
    best = 0.0
    for restart in range(PRODUCT_RESTARTS):
        filters = np.ones((trash, 2)) if restart == 0 else rng.normal(size=(trash, 2))
        filters /= np.linalg.norm(filters, axis=1, keepdims=True)
        best = max(best, _alternate(reduced, filters))
    return best


def _alternate(matrix: NDArray[np.float64], filters: NDArray[np.float64]) -> float:
    count, value = filters.shape[0], 0.0
    for _ in range(PRODUCT_SWEEPS):
        before = value
        for index in range(count):
            left, right = _kron(filters[:index]), _kron(filters[index + 1 :])
            basis = np.einsum("a,ij,b->aibj", left, np.eye(2), right).reshape(-1, 2)
            values, vectors = np.linalg.eigh(basis.T @ matrix @ basis)
            filters[index], value = vectors[:, -1], float(values[-1])
        if value - before < 1e-14:
            break
    return value


def _kron(filters: NDArray[np.float64]) -> NDArray[np.float64]:
    result = np.ones(1)
    for row in filters:
        result = np.kron(result, row)
    return result


# Effective parameters: how many directions of the angles the training loss can see.


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
