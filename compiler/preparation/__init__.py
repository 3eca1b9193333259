"""State preparation of real amplitude vectors: exact, matrix product states, or none, in RY and CZ gates."""

from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.line_fit import PreparationError
from qpbae_tn.compiler.preparation.matrix_product import CentredMps, compress
from qpbae_tn.compiler.preparation.mps import MpsPreparation, MpsToFidelity
from qpbae_tn.compiler.preparation.names import PREPARATION_NAMES, parse_preparation
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation, PreparationFit, StatePreparation
from qpbae_tn.compiler.preparation.single import prepare
from qpbae_tn.compiler.preparation.template import PreparationTemplate

__all__ = [
    "PREPARATION_NAMES",
    "CentredMps",
    "ExactPreparation",
    "MpsPreparation",
    "MpsToFidelity",
    "NoPreparation",
    "Preparation",
    "PreparationError",
    "PreparationFit",
    "PreparationTemplate",
    "StatePreparation",
    "compress",
    "parse_preparation",
    "prepare",
]
