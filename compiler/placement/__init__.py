"""Placement of logical circuits on the qubits of a target."""

from qpbae_tn.compiler.placement.interactions import Costs, Interactions
from qpbae_tn.compiler.placement.place import Placed, Placement, place
from qpbae_tn.compiler.placement.search import Embedding, SearchExtent, count_embeddings, find_embedding

__all__ = [
    "Costs",
    "Embedding",
    "Interactions",
    "Placed",
    "Placement",
    "SearchExtent",
    "count_embeddings",
    "find_embedding",
    "place",
]
