"""Engines: ways to compute the fidelities of patch states."""
