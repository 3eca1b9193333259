"""What a command would cost this computer, for `--dry-run`, from the same sizes that the work would use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qpbae_tn.compiler.preparation.protocol import Preparation
    from qpbae_tn.compiler.readouts import Readout
    from qpbae_tn.data.images import GreyImage
    from qpbae_tn.engines.mps.engine import MpsEngine
    from qpbae_tn.engines.protocol import Engine
    from qpbae_tn.experiment.loaded import LoadedExperiment
    from qpbae_tn.model.specification import ModelSpecification


def training_work(loaded: LoadedExperiment) -> dict[str, Any]:
    """The work of a training: patches, bytes of the mean states, operations, or circuits on qsim."""
    experiment, specification, patches = loaded.experiment, loaded.specification, loaded.grid.count
    images, batch_size = len(loaded.train), experiment.batch_size
    size, kept = specification.pixel_count, 1 << specification.bottleneck
    batches = -(-images // batch_size)
    rows = min(size, patches * batch_size)
    blocks = len(specification.ansatz.blocks)
    work: dict[str, Any] = {
        "train_images": images,
        "validation_images": len(loaded.validation),
        "patches_per_image": patches,
        "steps": _steps(loaded, batches),
        "parameters": loaded.initial_angles.size,
    }
    if experiment.engine == "qsim":
        evaluations = 2 * specification.ansatz.parameter_count + 1
        work["circuits"] = patches * images * evaluations * experiment.epochs
        work["circuit_qubits"] = specification.qubit_count + specification.trash_count + 1
    elif (engine := _mps_engine(loaded.engine, specification)) is not None:
        from qpbae_tn.engines.mps.cost import sweep_cost

        n = specification.qubit_count
        bonds = tuple(min(1 << min(cut, n - cut), engine.bond or 1 << n) for cut in range(1, n))
        bytes_each = sum(16 * left * right for left, right in pairwise((1, *bonds, 1)))
        work["tensor_train_bytes"] = bytes_each * patches * images
        flops = sweep_cost(specification, bonds).trash_flops
        work["forward_flops_per_step"] = flops * patches * min(batch_size, images)
    else:
        work["mean_state_bytes"] = 8 * size * rows * (batches + 1)
        work["digesting_flops"] = 2 * patches * images * size * min(size, rows)
        work["flops_per_step"] = 2 * kept * size * rows * (2 if rows < size else 1) + 4 * 32 * kept * size * blocks
    return work


def _steps(loaded: LoadedExperiment, batches: int) -> int:
    """Steps of Adam, or at most so many of L-BFGS from all starts of all numbers of layers."""
    from qpbae_tn.experiment.descent import layer_prefixes

    experiment = loaded.experiment
    if experiment.chosen_optimizer == "adam":
        return batches * experiment.epochs
    return experiment.steps * (experiment.starts + 2) * len(layer_prefixes(loaded.specification.ansatz))


def _mps_engine(engine: Engine, specification: ModelSpecification) -> MpsEngine | None:
    """The mps engine if that is what trains, chosen by name or by `auto`."""
    from qpbae_tn.engines.auto import AutoEngine
    from qpbae_tn.engines.mps.engine import MpsEngine

    chosen = engine.training(specification).engine if isinstance(engine, AutoEngine) else engine
    return chosen if isinstance(chosen, MpsEngine) else None


def evaluation_work(loaded: LoadedExperiment) -> dict[str, Any]:
    """The work of an evaluation."""
    specification, images = loaded.specification, len(loaded.test)
    flops = 2 * specification.pixel_count * min(specification.pixel_count, 32 * len(specification.ansatz.blocks))
    patches = loaded.grid.count * images
    return {"images": images, "patches": patches, "scoring_flops": patches * flops}


def segmentation_work(specification: ModelSpecification, images: Sequence[GreyImage], native: bool) -> dict[str, Any]:
    """The work of segmenting these images."""
    from qpbae_tn.model.patches import PatchGrid

    patches = 0
    for image in images:
        height, width = image.shape if native else (specification.image_size,) * 2
        patches += PatchGrid(height, width, specification.patch_size, specification.stride).count
    return {"images": len(images), "patches": patches}


def compilation_work(specification: ModelSpecification, readout: Readout, preparation: Preparation) -> dict[str, Any]:
    """The size of the literal circuit, before anything is placed or checked."""
    needs = readout.needs(specification)
    return {
        "qubits_of_the_paper": needs.copies * specification.qubit_count + needs.fresh + needs.ancillas,
        "preparations": 0 if preparation.assumes_state else needs.copies + needs.inverse_preparations,
        "blocks_of_an_encoder": len(specification.ansatz.blocks),
    }
