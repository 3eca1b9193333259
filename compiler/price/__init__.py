"""The price of a compiled program: gates, time, fidelity, shots."""
