"""qpbae_tn: train, compile, price and scale Quantum Patch-Based Autoencoders."""

__version__ = "0.1.0"
