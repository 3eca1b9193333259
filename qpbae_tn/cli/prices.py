"""Prices in words: for the terminal and for the HTML report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpbae_tn.cli.reporter import Reporter
    from qpbae_tn.compiler.price import ProgramPrice
    from qpbae_tn.compiler.quote import Quote
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.model.model import Model
    from qpbae_tn.report.run_report import PriceSection

PROCESSOR_NAMES = {"willow_pink": "Google's Willow", "weber": "Google's Weber", "rainbow": "Google's Rainbow"}


def check_target(target: str) -> None:
    """Raises `InputError` for a processor that is not known; "none" asks for no price."""
    from qpbae_tn.errors import InputError

    if target != "none" and target.partition(":")[0] not in PROCESSOR_NAMES:
        raise InputError(
            f"unknown target {target!r}", where="--target", remedy=f"choose {', '.join(PROCESSOR_NAMES)} or none"
        )


def price_rows(quote: Quote) -> list[tuple[str, str]]:
    """Names and values of a quote, with units."""
    from qpbae_tn.report.numbers import duration

    price = quote.price
    program, image = price.program, price.image
    rows = [
        ("scoring circuit", f"{quote.scoring.readout.name} readout, preparation {quote.scoring.preparation.name}"),
        *program_rows(program),
        ("shots a patch", f"{image.shots_per_patch:,} for a standard error of {price.standard_error:g} of F"),
        ("an image", f"{image.patches:,} patches, {image.shots:,} shots, {duration(image.wall_time_s)}"),
    ]
    if price.training is not None:
        training = price.training
        words = f"{training.epochs} epochs, {training.images} images, {training.circuits_per_patch} circuits a patch"
        rows.append(("training on hardware", f"{words}: {training.shots:.2g} shots, {duration(training.wall_time_s)}"))
    rows.append(("shot period", f"{image.period_ns / 1000:.1f} us ({image.shot_period.citation})"))
    return rows


def program_rows(program: ProgramPrice) -> list[tuple[str, str]]:
    """Names and values of the price of one program."""
    stages = [stage for stage in program.stages if stage.one_qubit_gates or stage.two_qubit_gates]
    split = ", ".join(f"{stage.stage.value} {stage.fidelity:.3f}" for stage in stages)
    twos = ", ".join(f"{stage.stage.value} {stage.two_qubit_gates}" for stage in stages if stage.two_qubit_gates)
    return [
        ("qubits", str(program.qubits)),
        ("two-qubit gates", f"{program.two_qubit_gates} ({twos or 'none'}), depth {program.two_qubit_depth}"),
        ("one-qubit gates", str(program.one_qubit_gates)),
        ("duration", f"{program.duration_ns:,.0f} ns, measurement included"),
        (
            "estimated fidelity",
            f"{program.estimated_fidelity:.3f} ({split}, measurement {program.measurement_fidelity:.3f})",
        ),
    ]


def lead(quote: Quote, target: str) -> str:
    """What is priced, in a sentence or two."""
    swaps = quote.scoring.placement.swaps
    routed = "without SWAPs" if swaps == 0 else f"with {swaps} SWAPs"
    return (
        f"Compiled for {PROCESSOR_NAMES.get(target, target)} {routed} and verified against the model. Shots are "
        "counted for an ideal device; the fidelity is the product-of-errors estimate from the device's calibration."
    )


PRICED_PATCHES = 256
"""Patches whose median variance the shots are counted for."""


@dataclass(frozen=True)
class Quoted:
    """A quote as `qpbae run` shows it; or why there is none.

    Args:
        document: for JSON: the price, or `available: false` with the reason; None where none was asked for.
        section: for the HTML report.
        quote: for the terminal.
        target: the processor's name.
    """

    document: dict[str, Any] | None = None
    section: PriceSection | None = None
    quote: Quote | None = None
    target: str = ""

    def describe(self, reporter: Reporter) -> None:
        """Print the price."""
        if self.quote is not None:
            reporter.facts(f"Price on {PROCESSOR_NAMES.get(self.target, self.target)}", price_rows(self.quote))


def price_on(target: str, model: Model, loaded: LoadedExperiment, reporter: Reporter) -> Quoted:
    """Price a trained model on a processor; a model that does not fit it gives a notice and the reason, not an error.

    Args:
        target: the processor's name, or "none".
        model: trained.
        loaded: its experiment; patches of the test images are typical ones, chosen with its seed.
        reporter: for the notice.
    """
    if target == "none":
        return Quoted()
    import numpy as np

    from qpbae_tn.compiler.quote import TrainingRun, quote
    from qpbae_tn.compiler.targets.devices import parse_target
    from qpbae_tn.errors import InputError
    from qpbae_tn.report.run_report import PriceSection

    specification, experiment = model.specification, loaded.experiment
    processor = parse_target(target)
    states = loaded.test_patches[:8].states
    chosen = np.random.default_rng(experiment.seed).permutation(len(states))[:PRICED_PATCHES]
    run = TrainingRun(experiment.epochs, len(loaded.train))
    try:
        made = quote(
            specification,
            model.angles,
            states[chosen],
            processor,
            patches=loaded.grid.count,
            run=run,
            seed=experiment.seed,
        )
    except InputError as error:
        reporter.notice(f"no price on {target}: {error}")
        return Quoted({"available": False, "reason": str(error)})
    section = PriceSection(PROCESSOR_NAMES.get(target, target), lead(made, target), price_rows(made))
    return Quoted({"available": True, **made.price.to_json()}, section, made, target)
