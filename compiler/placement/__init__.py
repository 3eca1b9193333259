"""Where the qubits of a program stand on a processor."""
