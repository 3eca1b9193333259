"""What one shot of each readout tells."""

from __future__ import annotations

from collections.abc import Sequence

from qpbae_tn.analysis.reports.page import Block, Heading, Table, Text
from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.sections.words import main_cases
from qpbae_tn.compiler.readouts import READOUTS

VARIANCES = {
    "latent": "F_trash - F²",
    "destructive": "1 - F²",
    "echo": "F (1 - F)",
    "ancilla": "1 - F²",
    "direct": "F_trash (1 - F_trash)",
    "ancilla_training": "1 - F_trash²",
}


def section(cases: Sequence[Case]) -> list[Block]:
    """Qubits, prices and variances of the readouts."""
    mains = main_cases(cases)
    study = mains[0].study
    rows = []
    for name in mains[0].plan.readouts:
        cost = study.of(name)[0].cost
        variances = [f"{case.variances[name]:.1e}" for case in mains]
        rows.append(
            [name, READOUTS[name].quantity.value, str(cost.qubits), str(cost.preparations), VARIANCES[name], *variances]
        )
    names = [case.plan.data_set.name for case in mains]
    header = ["readout", "estimates", "qubits", "states a shot", "variance of a shot"]
    infidelities = ", ".join(f"{case.median_infidelity:.1e} on {case.plan.data_set.name}" for case in mains)
    return [
        Heading("What one shot tells"),
        Table(
            [*header, *(f"median on {name}" for name in names)],
            rows,
            "P = 4, S = 1, BD = 2. Qubits of the circuit before any reduction; states a shot: patch states "
            "prepared, or "
            "unprepared by `echo`. Medians over all test patches.",
        ),
        Text(
            f"The median patch is nearly perfect (1 - F = {infidelities}). There a SWAP test's value has twice the "
            "variance of an `echo`, 1 - F² against F (1 - F) with F close to 1; `latent` lies between them, as "
            "far above "
            "`echo` as F_trash lies above F. `ancilla` and `destructive` differ in circuit and qubits, not in "
            "the law of "
            "a shot, so they share one curve below."
        ),
        Text(
            "Maps are sampled without simulating circuits: each shot's value is -1, 0 or +1 with probabilities that "
            "follow from the exact F and F_trash of the patch, and sums of shots are drawn from the binomial or "
            "trinomial distribution itself. Estimates that leave [0, 1] are folded as they are: clipping them before "
            "folding would bias the mean over the patches that cover a pixel."
        ),
    ]
