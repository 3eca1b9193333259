"""Device noise: scores of noisy circuits, exact in the Pauli basis, and what noise does to maps."""
