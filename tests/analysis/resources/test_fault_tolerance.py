"""Logical counts against circuits, and Qualtran's model where it is installed."""

from __future__ import annotations

import math

import cirq
import pytest

from qpbae_tn.analysis.resources.fault_tolerance.logical import logical_counts
from qpbae_tn.analysis.resources.fault_tolerance.physical import has_qualtran, physical_cost
from qpbae_tn.analysis.resources.sizes import drawn_program
from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import block_kind
from qpbae_tn.model.specification import ModelSpecification


@pytest.mark.parametrize("readout", list(READOUTS))
@pytest.mark.parametrize(("block", "layers"), [("ry", 1), ("so4", 2)])
def test_counts_are_those_of_the_circuit(readout: str, block: str, layers: int) -> None:
    kind = block_kind(block)
    for size, bottleneck in ((4, 1), (8, 2)):
        specification = ModelSpecification.build(size, 1, bottleneck, kind=kind, layers=layers)
        program = drawn_program(specification, readout)
        operations = list(program.circuit.all_operations())
        rotations = sum(isinstance(op.gate, cirq.Ry) and not cirq.has_stabilizer_effect(op) for op in operations)
        registers = len(program.inputs) + len(program.outputs)
        template = parse_preparation("mps:2").template(specification.qubit_count)
        counts = logical_counts(size, bottleneck, readout, "mps:2", kind=kind, layers=layers)
        assert counts.rotations == rotations + registers * template.parameter_count
        assert counts.toffolis == sum(op.gate == cirq.CSWAP for op in operations)
        assert counts.qubits == len(program.qubits)


def test_precision_shares_the_budget() -> None:
    counts = logical_counts(16, 1, "latent", "exact", budget=1e-4)
    assert counts.rotation_error * counts.rotations == pytest.approx(1e-4)
    assert counts.t_per_rotation == math.ceil(0.53 * math.log2(1 / counts.rotation_error) + 5.3)
    finer = logical_counts(16, 1, "latent", "exact", budget=1e-8)
    assert finer.total_t_gates > counts.total_t_gates


def test_without_qualtran_the_remedy_is_named() -> None:
    if has_qualtran():
        pytest.skip("Qualtran is installed")
    with pytest.raises(InputError, match="fault-tolerance"):
        physical_cost(logical_counts(4, 1, "latent", "mps:2"))


@pytest.mark.skipif(not has_qualtran(), reason="the extra fault-tolerance (Qualtran) is not installed")
@pytest.mark.filterwarnings("ignore")
def test_physical_costs() -> None:
    from qualtran.bloqs.basic_gates import TwoBitCSwap
    from qualtran.resource_counting import QECGatesCost, get_cost_value
    from qualtran.surface_code.rotation_cost_model import BeverlandEtAlRotationCost

    counts = logical_counts(8, 2, "ancilla", "mps:2")
    assert BeverlandEtAlRotationCost.rotation_cost(counts.rotation_error).t == counts.t_per_rotation
    assert get_cost_value(TwoBitCSwap(), QECGatesCost()).total_t_count() == 4
    small, large = physical_cost(counts), physical_cost(logical_counts(64, 2, "ancilla", "exact"))
    assert 0 < small.failure <= 1e-2
    assert small.qubits < large.qubits
    assert small.duration_us < large.duration_us
