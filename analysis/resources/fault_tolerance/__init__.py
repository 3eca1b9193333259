"""Fault tolerance: T, Toffoli and rotation counts of the model, and what a surface code makes of them."""
