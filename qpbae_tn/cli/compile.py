"""`qpbae compile`: build, compile, verify, price and export the circuits of a model or a specification."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qpbae_tn.cli import options as o
from qpbae_tn.cli.reporter import Reporter

if TYPE_CHECKING:
    from qpbae_tn.compiler.compiled import CompiledProgram
    from qpbae_tn.compiler.price import ProgramPrice

ReadoutName = Annotated[
    str, typer.Option("--readout", help="latent, destructive, echo, ancilla (the paper's), direct or ancilla_training.")
]
PreparationName = Annotated[
    str, typer.Option("--preparation", help="none, exact, mps, mps:BOND, or mps:0.99 for the least that reaches it.")
]
PreparationBond = Annotated[int | None, typer.Option("--bond", help="Bond dimension of --preparation mps.")]
TargetName = Annotated[
    str,
    typer.Option("--target", help="willow_pink, weber or rainbow; NAME:GATE chooses among native gates (weber:syc)."),
]
Literal = Annotated[bool, typer.Option("--literal", help="Leave the paper's circuit as it is.")]


def compile(
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="A run folder or model file.", show_default=False)
    ] = None,
    readout: ReadoutName = "latent",
    preparation: PreparationName = "mps",
    bond: PreparationBond = None,
    target: TargetName = "willow_pink",
    literal: Literal = False,
    export: Annotated[
        list[Path] | None,
        typer.Option(
            "--export",
            metavar="FILE",
            help="Write the circuit: .json, .json.gz, .pb (Google), .qasm, .qasm3, .svg, .txt, .qsim; repeatable.",
        ),
    ] = None,
    patch_size: o.PatchSize = 4,
    bottleneck: o.Bottleneck = 2,
    ansatz: o.AnsatzPattern = "staircase",
    block: o.BlockName = "ry",
    layers: o.Layers = 1,
    trash: o.TrashPosition = "first",
    symbolic: Annotated[
        bool, typer.Option("--symbolic", help="Leave the model's angles as symbols, for a sweep over them.")
    ] = False,
    verify_by: Annotated[
        str,
        typer.Option("--verify-by", help="auto, or quimb: every gate of the result a tensor, nothing pulled back."),
    ] = "auto",
    seed: o.Seed = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files of --export.")] = False,
    json: o.JsonFile = None,
    dry_run: o.DryRun = False,
) -> None:
    """Compile a readout for a processor: placed, in native gates, verified, priced.

    Without a model, generic angles and a generic non-negative patch are drawn from --seed.
    """
    from typing import get_args

    from qpbae_tn.compiler.circuits import generic_angles
    from qpbae_tn.compiler.expectation import VerifyBy
    from qpbae_tn.compiler.export.formats import missing_note
    from qpbae_tn.compiler.export.write import check_exports, export_program, holds_numbers
    from qpbae_tn.compiler.pipeline import compile_program
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.price import price_program
    from qpbae_tn.compiler.readouts import get_readout
    from qpbae_tn.compiler.targets.devices import parse_target
    from qpbae_tn.experiment.description import Experiment
    from qpbae_tn.model.model import Model
    from qpbae_tn.model.names import check_choice

    reporter = Reporter(json)
    way = verify_by.lower()
    check_choice("verify_by", way, get_args(VerifyBy), "way to verify")
    chosen, prepared = get_readout(readout.lower()), parse_preparation(preparation.lower(), bond)
    files = export or []
    check_exports(files, force=force, json_target=json)
    if model is not None:
        loaded = Model.load(model)
        specification, angles = loaded.specification, loaded.angles
    else:
        specification = Experiment(
            patch_size=patch_size,
            bottleneck=bottleneck,
            ansatz=ansatz.lower(),  # type: ignore[arg-type]
            block=block.lower(),  # type: ignore[arg-type]
            layers=layers,
            trash=trash.lower(),  # type: ignore[arg-type]
            image_size=max(32, patch_size),
        ).specification
        angles = generic_angles(specification, seed)
    processor = parse_target(target.lower())
    if dry_run:
        from qpbae_tn.cli.costs import compilation_work

        reporter.dry_run(compilation_work(specification, chosen, prepared))
        return
    program = compile_program(
        specification,
        None if symbolic else angles,
        chosen,
        prepared,
        processor,
        literal=literal,
        verify_by=way,  # type: ignore[arg-type]
        seed=seed,
    )
    price = price_program(program.circuit, processor)
    written = export_program(program, files, angles=angles if symbolic else None, force=force) if files else ()
    _describe(program, price, reporter)
    missing, numbers = missing_note(program), holds_numbers(program, files)
    notes = [] if missing is None else [missing]
    if numbers:
        names, whose = ", ".join(path.name for path in numbers), "patch and model" if symbolic else "patch"
        notes.append(f"{names}: with the numbers of one {whose}; the manifest has the map from angles to symbols")
    for note in notes:
        reporter.notice(note)
    for path in written:
        reporter.say(f"wrote {path}")
    reporter.emit(
        {
            **program.to_json(),
            "estimated_fidelity": price.estimated_fidelity,
            "price": price.to_json(),
            "exported": [str(path) for path in written],
            "notes": notes,
        }
    )


def _describe(program: CompiledProgram, price: ProgramPrice, reporter: Reporter) -> None:
    from qpbae_tn.cli.prices import program_rows

    stages = []
    for record in program.log:
        moved = record.check.deviation
        gates = (record.two_qubit_gates, record.two_qubit_depth, record.one_qubit_gates)
        stages.append((record.name.replace("_", " "), *gates, None if moved is None else f"{moved:.0e}"))
    header = ("stage", "2-qubit", "their depth", "1-qubit", "readout moved by")
    reporter.table("Stages", header, stages, left=("stage",))
    literal, placement, found = program.literal_counts, program.placement, program.verification
    facts = {
        **dict(program_rows(price)),
        "before reductions": f"{literal.two_qubit_gates} two-qubit gates, depth {literal.two_qubit_depth}, not placed",
        "placement": f"{placement.swaps} SWAPs" + (f"; {placement.note}" if placement.note else ""),
        "preparation": f"{program.preparation.name}, fidelity {program.preparation_fidelity:.6f}",
        "verified": f"{found.quantity.value} = {found.found:.7f}, the model's {found.expected:.7f} ({found.method})",
    }
    reporter.facts(f"{program.readout.name} on {program.target.name}", facts)
