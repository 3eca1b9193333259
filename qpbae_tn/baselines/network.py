"""A fully connected network with a ReLU after every layer, and the cosine loss of the paper's classical autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Layers of the given sizes, e.g. (64, 4, 64); its parameters are one flat float64 array apart from it.

    Each layer's weights, shape (inputs, outputs), come before its biases. Everything is computed in the dtype of the
    pixels.
    """

    sizes: tuple[int, ...]

    @property
    def parameter_count(self) -> int:
        """Weights and biases."""
        return sum((inputs + 1) * outputs for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False))

    def initial_parameters(self, seed: int) -> Float64Array:
        """PyTorch's default for dense layers: uniform between -1 / sqrt(inputs) and 1 / sqrt(inputs), biases too."""
        generator = np.random.default_rng(seed)
        parts = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            bound = 1.0 / np.sqrt(inputs)
            parts.append(generator.uniform(-bound, bound, (inputs + 1) * outputs))
        return np.concatenate(parts)

    def similarity(self, parameters: Float64Array, pixels: Array) -> Array:
        """The cosine between each patch and its reconstruction (Eq. 12).

        Args:
            parameters: shape (parameter_count,).
            pixels: shape (N, P^2).

        Returns:
            Shape (N,); 0 where the patch or the reconstruction is zero.
        """
        output = self._activations(parameters, pixels)[-1]
        cosines = np.einsum("pk,pk->p", pixels, output) * _inverse_norms(pixels) * _inverse_norms(output)
        return np.asarray(cosines)

    def loss_and_gradient(self, parameters: Float64Array, pixels: Array, weights: Array) -> tuple[float, Float64Array]:
        """1 - sum_p w_p s_p (Eq. 8) and its gradient, by backpropagation.

        Args:
            parameters: shape (parameter_count,).
            pixels: shape (N, P^2).
            weights: w_p, shape (N,).

        Returns:
            The loss and an array of shape (parameter_count,).
        """
        activations = self._activations(parameters, pixels)
        output = activations[-1]
        inverse = _inverse_norms(output)
        scaled = inverse * _inverse_norms(pixels)
        cosines = np.einsum("pk,pk->p", pixels, output) * scaled
        weights = weights.astype(pixels.dtype)
        # ds/dy = x / (|x| |y|) - s y / |y|^2, and nothing flows back through a zero reconstruction.
        flow = (weights * scaled)[:, None] * pixels
        flow -= (weights * cosines * inverse**2)[:, None] * output
        gradients: list[Array] = []
        layers = self._layers(parameters, pixels.dtype)
        for (matrix, _), inputs, outputs in zip(
            reversed(layers), reversed(activations[:-1]), reversed(activations[1:]), strict=True
        ):
            flow *= outputs > 0
            gradients += [flow.sum(axis=0), (inputs.T @ flow).ravel()]
            if inputs is not pixels:
                flow = flow @ matrix.T
        loss = 1.0 - float(np.dot(weights.astype(np.float64), cosines))
        return loss, -np.concatenate(gradients[::-1]).astype(np.float64)

    def _activations(self, parameters: Float64Array, pixels: Array) -> list[Array]:
        activations = [pixels]
        for matrix, bias in self._layers(parameters, pixels.dtype):
            values = activations[-1] @ matrix
            values += bias
            activations.append(np.maximum(values, 0, out=values))
        return activations

    def _layers(self, parameters: Float64Array, dtype: np.dtype[np.floating]) -> list[tuple[Array, Array]]:
        layers, start = [], 0
        converted = parameters.astype(dtype)
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            middle, end = start + inputs * outputs, start + (inputs + 1) * outputs
            layers.append((converted[start:middle].reshape(inputs, outputs), converted[middle:end]))
            start = end
        return layers


def _inverse_norms(rows: Array) -> Array:
    norms = np.sqrt(np.einsum("pk,pk->p", rows, rows))
    return np.asarray(np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0))
