"""The paper's claims about its cost, beside what formulas and counts give; and the costs that it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from qpbae_tn.analysis.resources import formulas as f
from qpbae_tn.analysis.resources.preparation_formulas import preparation_gates
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation
from qpbae_tn.model.blocks import RY

PAPER_SIZE, PAPER_BOTTLENECK = 8, 2


def dense_parameters(widths: Sequence[int]) -> int:
    """Weights and biases of a network of dense layers of these widths, input first."""
    return sum(before * after + after for before, after in pairwise(widths))


def claims() -> list[tuple[str, str]]:
    """Pairs of a claim or a question and the answer, in words."""
    n, bottleneck = 2 * (PAPER_SIZE.bit_length() - 1), PAPER_BOTTLENECK
    nominal = f.PARAMETERS.value(n, bottleneck, 1, RY)
    effective = f.EFFECTIVE_PARAMETERS_ONE_LAYER.value(n, bottleneck, 1, RY)
    shallow, deep = dense_parameters((64, 4, 64)), dense_parameters((64, 4, 4, 64))
    readout = f.LITERAL_BY_STAGE
    stages = {stage.value: formulas["ancilla"].value(n, bottleneck, 1, RY) for stage, formulas in readout.items()}
    return [
        (
            "2 (log2 N_P - 1) parameters",
            f"True of one layer: {nominal} at P={PAPER_SIZE}. But training sees only n - BD of them: the loss of one "
            f"layer with trash first depends on {effective} combinations of the {nominal} angles (P={PAPER_SIZE}, "
            f"BD={bottleneck}). The others move the reconstruction fidelity alone.",
        ),
        (
            "A logarithmic number of qubits",
            f"True: n = log2 N_P qubits hold a patch. The test circuit needs 3 n - BD + 1 of them "
            f"({f.LITERAL_QUBITS['ancilla'].value(n, bottleneck, 1, RY)} at P={PAPER_SIZE}, BD={bottleneck}); "
            f"`latent` needs 2 n ({f.LITERAL_QUBITS['latent'].value(n, bottleneck, 1, RY)}), the least of the readouts "
            "of F that need no inverse preparation.",
        ),
        (
            "State preparation (left out)",
            "Loading N_P pixels exactly takes a number of two-qubit gates that grows linearly in N_P: "
            + ", ".join(f"{preparation_gates(ExactPreparation(), m):,} at P={1 << m // 2}" for m in (4, 6, 8, 12, 20))
            + " for one copy, and a shot of the test circuit takes two. Logarithmic cost needs an approximation: a "
            f"bond-2 matrix product state takes 2 n - 3 ({preparation_gates(MpsPreparation(2), 20)} at P=1024), at a "
            "fidelity that depends on the images.",
        ),
        (
            "The ancilla SWAP test (left out)",
            f"A CSWAP a qubit, 8 two-qubit gates each: {stages['readout']} of the "
            f"{sum(stages.values())} two-qubit gates at P={PAPER_SIZE}, without preparation and before SWAPs "
            f"for placement; encoder and decoder together have {stages['encoder'] + stages['decoder']}.",
        ),
        (
            "Fewer parameters than a classical autoencoder",
            f"The classical model of the paper, 64-4-64 with biases, has {shallow} parameters ({deep} in the authors' "
            "program, 64-4-4-64); the paper's 132 is the number of its units, 64 + 4 + 64.",
        ),
        (
            "Training on hardware (left out)",
            "The parameter-shift rule runs two circuits an angle and one for the loss, for each patch of each image of "
            "each epoch. The table of processors says what that makes in shots and hours.",
        ),
    ]
