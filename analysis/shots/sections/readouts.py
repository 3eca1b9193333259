"""What one shot of each readout tells."""

from __future__ import annotations

from collections.abc import Sequence

from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.sections.words import main_cases
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.report.page import Block, Heading, Table, Text

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
    rows = []
    for name in mains[0].plan.readouts:
        cost = mains[0].study.of(name)[0].cost
        cells = [name, READOUTS[name].quantity.value, str(cost.qubits), str(cost.preparations), VARIANCES[name]]
        rows.append([*cells, *(f"{case.variances[name]:.1e}" for case in mains)])
    medians = [f"median on {case.plan.data_set.name}" for case in mains]
    infidelities = ", ".join(f"{case.median_infidelity:.1e} on {case.plan.data_set.name}" for case in mains)
    specification = mains[0].plan.specification
    return [
        Heading("What one shot tells"),
        Table(
            ["readout", "estimates", "qubits", "states a shot", "variance of a shot", *medians],
            rows,
            f"P = {specification.patch_size}, S = {specification.stride}, BD = {specification.bottleneck}. Qubits of "
            "the circuit before any reduction. States: patch states prepared or, by echo, unprepared. Medians over "
            "all test patches.",
        ),
        Text(
            f"The median patch has 1 - F = {infidelities}. A SWAP test's value has (1 + F)/F times the variance of an "
            "`echo`'s, twice near F = 1 and more below; `latent` lies between them, above `echo` by as much as F_trash "
            "lies above F. `ancilla` and `destructive` differ in circuit and qubits, not in the law of a shot, so they "
            "share one curve below."
        ),
        Text(
            "Maps are sampled without simulating circuits: the value of a shot is -1, 0 or +1 with probabilities that "
            "follow from the exact F and F_trash of the patch, and the sum over the shots is drawn from the binomial "
            "or trinomial distribution itself (tests compare it with shots of simulated circuits). Estimates that "
            "leave [0, 1] are folded as they are: clipping them first would bias the mean over the patches that "
            "cover a pixel."
        ),
    ]
