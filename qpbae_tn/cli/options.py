"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    str,
    typer.Option(
        "--data",
        help="A folder of images (MVTec layout, BUSI as distributed, or flat), or the bundled 'textures' "
        "(also textures:brick, textures:grass, textures:gravel).",
        show_default=True,
    ),
]
PatchSize = Annotated[int, typer.Option("--patch-size", help="P, pixels a side, a power of two.")]
Stride = Annotated[int, typer.Option("--stride", help="S, pixels between neighbouring patches.")]
Bottleneck = Annotated[int, typer.Option("--bottleneck", help="BD, latent qubits, from 1 to log2(P^2) - 1.")]
AnsatzPattern = Annotated[str, typer.Option("--ansatz", help="Pattern of blocks: staircase (the paper) or brick.")]
BlockName = Annotated[str, typer.Option("--block", help="Block kind: ry (the paper) or so4 (any real two-qubit gate).")]
Layers = Annotated[int, typer.Option("--layers", help="Repetitions of the pattern.")]
TrashPosition = Annotated[str, typer.Option("--trash", help="Which qubits are thrown away: first (the paper) or last.")]
PixelOrderName = Annotated[
    str, typer.Option("--pixel-order", help="Pixels to amplitudes: row (the paper), column or morton.")
]
ImageSize = Annotated[int, typer.Option("--image-size", help="Images are resized to this side in pixels.")]
EngineName = Annotated[
    str, typer.Option("--engine", help="How fidelities are computed: exact, qsim, mps, or auto, which chooses by size.")
]
Bond = Annotated[
    str,
    typer.Option("--bond", help="Largest bond dimension of a patch for --engine mps and auto, or none for no limit."),
]
Cutoff = Annotated[
    float, typer.Option("--cutoff", help="Share of a patch's weight that these may leave out at each cut.")
]
Epochs = Annotated[int, typer.Option("--epochs", help="Passes over the training images.")]
LearningRate = Annotated[float, typer.Option("--learning-rate", help="Adam's step size.")]
BatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Images a step.")]
TrainCount = Annotated[int, typer.Option("--train", min=1, help="Number of training images.")]
ValidationCount = Annotated[int, typer.Option("--validation", min=1, help="Number of validation images.")]
SplitFile = Annotated[
    Path | None,
    typer.Option(
        "--split", help="JSON object with lists 'train' and 'val' of indices into the sorted training folder."
    ),
]
InitialAnglesFile = Annotated[
    Path | None, typer.Option("--initial-angles", help="JSON list of n-1 pairs of radians (of such lists for layers).")
]
Init = Annotated[str, typer.Option("--init", help="Initial angles: normal (the paper) or dc (near the uniform patch).")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")]
JsonFile = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the result as one JSON document ('-': to standard output)."),
]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder or model file.", show_default=False)]
Threshold = Annotated[float | None, typer.Option("--threshold", help="On the scale of Y; by default the model's own.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="Folder to write; by default a new one below runs/.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output folder that qpbae wrote before.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and what it costs, and stop.")]
ScoreName = Annotated[
    str, typer.Option("--score", help="Score patches by reconstruction fidelity (the paper) or by trash fidelity.")
]
TestCount = Annotated[
    int | None, typer.Option("--test", min=1, help="Number of test images, a stratified subset; all by default.")
]
Baselines = Annotated[
    str, typer.Option("--baselines", help="Comma-separated baselines, or all, or none.", show_default=True)
]
