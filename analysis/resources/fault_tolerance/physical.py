"""Physical qubits and run time of a shot from Qualtran's surface-code model (extra `fault-tolerance`)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from qpbae_tn.analysis.resources.fault_tolerance.logical import LogicalCounts
from qpbae_tn.errors import InputError

PHYSICAL_ERROR = 1e-3
CYCLE_TIME_US = 1.0
ERROR_BUDGET = 1e-2
"""Largest chance that a shot fails by a logical error, synthesis apart."""


@dataclass(frozen=True)
class PhysicalCost:
    """One shot on a surface code.

    Args:
        qubits: physical qubits, one magic-state factory and 50% routing space included.
        duration_us: run time of the shot.
        failure: chance that an error spoils it.
        distance: code distance of the data qubits.
    """

    qubits: int
    duration_us: float
    failure: float
    distance: int


def has_qualtran() -> bool:
    """Whether the extra `fault-tolerance` is installed."""
    return find_spec("qualtran") is not None


def physical_cost(counts: LogicalCounts) -> PhysicalCost:
    """The cheapest in qubit-hours of Gidney and Fowler's designs (arXiv:1812.01238) that keep the error budget.

    Physical error rate 1e-3, 1 us a cycle of error correction, one factory that turns |CCZ> states into pairs of T. The
    run time is that of the factory; the model holds that states are used as fast as they come.

    Raises:
        InputError: Qualtran is not installed.
    """
    if not has_qualtran():
        raise InputError(
            "Qualtran is not installed", where="fault tolerance", remedy="pip install 'qpbae_tn[fault-tolerance]'"
        )
    from qualtran.resource_counting import GateCounts
    from qualtran.surface_code.gidney_fowler_model import get_ccz2t_costs_from_grid_search

    # Rotations are handed over as T gates: the factory's own default of 11 T a rotation stands for an error of 1e-3.
    cost, _, data = get_ccz2t_costs_from_grid_search(
        n_logical_gates=GateCounts(t=counts.rotation_t_gates, toffoli=counts.toffolis),
        n_algo_qubits=counts.qubits,
        phys_err=PHYSICAL_ERROR,
        error_budget=ERROR_BUDGET,
        cycle_time_us=CYCLE_TIME_US,
    )
    return PhysicalCost(int(cost.footprint), float(cost.duration_hr * 3.6e9), float(cost.failure_prob), data.data_d)
