"""What a notebook needs beside the classes: functions with the usual choices made, offered by `qpbae_tn` itself.

>>> import qpbae_tn
>>> data = qpbae_tn.load_data("textures:brick", stride=4, train=16, validation=4, test=8, epochs=5)
>>> model = qpbae_tn.train(data).model
>>> qpbae_tn.score(model, data.test.images).shape
(8, 32, 32)
>>> program = qpbae_tn.compile(model, readout="latent")
>>> program.counts.two_qubit_gates
14
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.loaded import LoadedExperiment
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.model import Model
from qpbae_tn.model.specification import ModelSpecification

if TYPE_CHECKING:
    import cirq
    import pandas

    from qpbae_tn.compiler.compiled import CompiledProgram
    from qpbae_tn.compiler.execution import PatchScore

FloatArray = NDArray[np.float64]


def load_data(data: str | Path = "textures", **settings: Any) -> LoadedExperiment:
    """An experiment on a data set: its images are read, split, cut and embedded when they are first asked for.

    Args:
        data: a folder in the layout of MVTec-AD, of BUSI, or flat; or bundled "textures", "textures:grass", ...
        settings: any others of an `Experiment`, such as `patch_size`, `stride`, `bottleneck`, `epochs`, `seed`.

    Raises:
        InputError: an unknown data set, or a setting that cannot be.

    Example:
        >>> data = load_data("textures:gravel", test=6)
        >>> data
        LoadedExperiment(textures:gravel, P=4, S=1, BD=2)
        >>> data.test.masks.shape
        (6, 32, 32)
    """
    return LoadedExperiment(Experiment(data=str(data), **settings))


def score(model: Model, images: ArrayLike, **settings: Any) -> FloatArray:
    """Anomaly maps Y of images: larger where less normal.

    Args:
        model: trained.
        images: shape (n, H, W) or (H, W), grey in [0, 1], at least a patch a side.
        settings: of an `Experiment`: `score`, `fold`, `engine`, ...; by default the model's own.

    Returns:
        The same shape as `images`.

    Raises:
        InputError: images smaller than a patch, or a score that the model cannot give.

    Example:
        >>> model = Model(Experiment().specification, [0.0] * 6)
        >>> score(model, np.ones((8, 8))).shape
        (8, 8)
    """
    from qpbae_tn.experiment.scoring import anomaly_maps, model_scorer

    experiment, stack = Experiment.of_model(model, **settings), np.asarray(images, dtype=np.float64)
    chosen = experiment.scoring
    scorer = model_scorer(model.specification, model.angles, experiment.make_engine(), chosen, model.normal)
    pictures = stack.reshape(-1, *stack.shape[-2:])
    maps, _ = anomaly_maps(model.specification, pictures, {"model": scorer}, fold=chosen.fold)
    return maps["model"].reshape(stack.shape)


def compile(
    model: Model | ModelSpecification,
    readout: str = "latent",
    preparation: str = "mps:2",
    target: str = "willow_pink",
    *,
    literal: bool = False,
    seed: int = 0,
) -> CompiledProgram:
    """A readout of a model as a program for a processor: placed, in native gates, verified.

    Args:
        model: a model, or a specification, whose angles are left as symbols.
        readout: "latent", "destructive", "echo", "ancilla", "direct", ...
        preparation: of patches: "mps:2" (a matrix product state of bond 2), "exact", or "none".
        target: "willow_pink", "weber" or "rainbow".
        literal: leave the paper's circuit as it is.
        seed: of what the program is verified with.

    Raises:
        InputError: an unknown name, or a circuit that does not fit the processor.

    Example:
        >>> compile(Experiment(patch_size=2, bottleneck=1).specification, "echo")
        CompiledProgram(echo, mps:2, willow_pink: 3 qubits, ... two-qubit gates)
    """
    from qpbae_tn.compiler.pipeline import compile_program
    from qpbae_tn.compiler.preparation import parse_preparation
    from qpbae_tn.compiler.readouts import get_readout
    from qpbae_tn.compiler.targets.devices import parse_target

    specification, angles = (model.specification, model.angles) if isinstance(model, Model) else (model, None)
    names = get_readout(readout), parse_preparation(preparation), parse_target(target)
    return compile_program(specification, angles, *names, literal=literal, seed=seed)


def sample(
    program: CompiledProgram,
    image: ArrayLike,
    patches: Sequence[int] = (0,),
    *,
    shots: int = 1000,
    sampler: str | cirq.Sampler = "ideal",
    seed: int = 0,
) -> tuple[PatchScore, ...]:
    """Scores of some patches of an image from shots of a program.

    Args:
        program: compiled from a model, with a preparation.
        image: shape (H, W), grey in [0, 1].
        patches: numbers of patches, row by row.
        shots: of each patch.
        sampler: "ideal", "noisy" (the processor's noise model), "virtual" (the same behind Google's engine), or any
            `cirq.Sampler`.
        seed: of the shots.

    Raises:
        InputError: no such patch or sampler, or a program that holds no patch.

    Example:
        >>> specification = Experiment(patch_size=2, bottleneck=1).specification
        >>> program = compile(Model(specification, [-1.6, -1.5]), "direct")
        >>> (found,) = sample(program, np.eye(4), [2], shots=100)
        >>> found.estimate.shots, abs(found.exact - found.prepared) < 1e-9
        (100, True)
    """
    from qpbae_tn.compiler.execution import chosen_states, execute, make_sampler, sampler_kind

    made = make_sampler(sampler_kind(sampler), program.target, seed) if isinstance(sampler, str) else sampler
    states = ImagePatches.of(np.asarray(image, dtype=np.float64)[None], program.specification).states
    return execute(program, chosen_states(states, patches), made, shots)


def estimate(
    readout: str | Sequence[str] = "latent",
    preparation: str | Sequence[str] = "mps:2",
    target: str | Sequence[str] = "willow_pink",
    *,
    model: Model | ModelSpecification | None = None,
    **sizes: Any,
) -> pandas.DataFrame:
    """What models cost on processors: qubits, gates, depth, duration, shots, hours; a row for each combination.

    Args:
        readout, preparation, target: one name or several.
        model: whose sizes to take; its ansatz is a staircase.
        sizes: instead, settings of an `Experiment`: `patch_size`, `bottleneck`, `layers`, `block`, `stride`, ...

    Returns:
        One column a figure, nested names joined by dots, as `native.two_qubit_gates`.

    Raises:
        InputError: an unknown name.

    Example:
        >>> table = estimate(["latent", "echo"], patch_size=4)
        >>> list(table["configuration.readout"]), max(table["native.two_qubit_gates"]) <= 14
        (['latent', 'echo'], True)
    """
    from qpbae_tn.analysis.resources.configuration import Assumptions, Cell, Effort
    from qpbae_tn.analysis.resources.estimate import estimate as estimate_rows
    from qpbae_tn.tables import frame

    if isinstance(model, ModelSpecification):
        model = Model(model, np.zeros(model.ansatz.parameter_count))
    experiment = Experiment(**sizes) if model is None else Experiment.of_model(model, **sizes)
    if experiment.ansatz != "staircase":
        raise InputError("only staircases are estimated", where="ansatz", remedy="compile the model instead")
    cells = [
        Cell(
            experiment.patch_size,
            experiment.bottleneck,
            experiment.layers,
            experiment.block,
            one_readout,
            one_preparation,
            one_target,
            experiment.stride,
            experiment.image_size,
        )
        for one_readout in _several(readout)
        for one_preparation in _several(preparation)
        for one_target in _several(target)
    ]
    return frame(estimate_rows(cells, Assumptions(), Effort()))


def _several(names: str | Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names
