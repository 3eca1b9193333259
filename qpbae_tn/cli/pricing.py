"""What `--dry-run` tells: how much work a command would do, from the same sizes that the work would use."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qpbae_tn.cli.reporter import Reporter
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

if TYPE_CHECKING:
    from qpbae_tn.cli.training import TrainingRequest
    from qpbae_tn.compiler.preparation.protocol import Preparation
    from qpbae_tn.compiler.readouts import Readout
    from qpbae_tn.data.images import GreyImage
    from qpbae_tn.engines.mps.engine import MpsEngine
    from qpbae_tn.engines.protocol import Engine


def dry_run_training(request: TrainingRequest, reporter: Reporter) -> None:
    """Tell the work of a training: patches, bytes of the mean states, operations, or circuits on qsim."""
    from qpbae_tn.cli.training import prepare

    prepared = prepare(request)
    specification = request.specification
    grid = PatchGrid.over(prepared.train.images, specification.patch_size, specification.stride)
    size, kept = specification.pixel_count, 1 << specification.bottleneck
    batches = -(-len(prepared.train) // request.batch_size)
    rows = min(size, grid.count * request.batch_size)
    blocks = len(specification.ansatz.blocks)
    document: dict[str, Any] = {
        "train_images": len(prepared.train),
        "validation_images": len(prepared.validation),
        "patches_per_image": grid.count,
        "steps": batches * request.epochs,
        "parameters": specification.ansatz.parameter_count,
    }
    if request.engine == "qsim":
        evaluations = 2 * specification.ansatz.parameter_count + 1
        document["circuits"] = grid.count * len(prepared.train) * evaluations * request.epochs
        document["circuit_qubits"] = specification.qubit_count + specification.trash_count + 1
    elif (trains := _train_engine(prepared.engine, specification)) is not None:
        from qpbae_tn.engines.mps.cost import sweep_cost

        n = specification.qubit_count
        bonds = tuple(min(1 << min(cut, n - cut), trains.bond or 1 << n) for cut in range(1, n))
        chain = (1, *bonds, 1)
        bytes_each = sum(16 * left * right for left, right in pairwise(chain))
        document["tensor_train_bytes"] = bytes_each * grid.count * len(prepared.train)
        document["forward_flops_per_step"] = (
            sweep_cost(specification, bonds).trash_flops * grid.count * min(request.batch_size, len(prepared.train))
        )
    else:
        document["mean_state_bytes"] = 8 * size * rows * (batches + 1)
        document["digesting_flops"] = 2 * grid.count * len(prepared.train) * size * min(size, rows)
        document["flops_per_step"] = 2 * kept * size * rows * (2 if rows < size else 1) + 4 * 32 * kept * size * blocks
    _tell(document, reporter)


def _train_engine(engine: Engine, specification: ModelSpecification) -> MpsEngine | None:
    """The mps engine if that is what trains, chosen by name or by `auto`."""
    from qpbae_tn.engines.auto import AutoEngine
    from qpbae_tn.engines.mps.engine import MpsEngine

    chosen = engine.training(specification).engine if isinstance(engine, AutoEngine) else engine
    return chosen if isinstance(chosen, MpsEngine) else None


def dry_run_evaluation(specification: ModelSpecification, images: int, side: int, reporter: Reporter) -> None:
    """Tell the work of an evaluation."""
    grid = PatchGrid(side, side, specification.patch_size, specification.stride)
    flops = 2 * specification.pixel_count * min(specification.pixel_count, 32 * len(specification.ansatz.blocks))
    patches = grid.count * images
    _tell({"images": images, "patches": patches, "scoring_flops": patches * flops}, reporter)


def dry_run_segmentation(
    specification: ModelSpecification, images: Sequence[GreyImage], native: bool, reporter: Reporter
) -> None:
    """Tell the work of segmenting these images."""
    patches = 0
    for image in images:
        height, width = image.shape if native else (specification.image_size,) * 2
        patches += PatchGrid(height, width, specification.patch_size, specification.stride).count
    _tell({"images": len(images), "patches": patches}, reporter)


def _tell(document: dict[str, Any], reporter: Reporter) -> None:
    for key, value in document.items():
        reporter.console.print(f"{key.replace('_', ' ')}: {value:,}", markup=False)
    reporter.emit({"dry_run": document})


def dry_run_compilation(
    specification: ModelSpecification, readout: Readout, preparation: Preparation, reporter: Reporter
) -> None:
    """Tell the size of the literal circuit, before anything is placed or checked."""
    needs = readout.needs(specification)
    n = specification.qubit_count
    assumes = preparation.assumes_state
    _tell(
        {
            "qubits_of_the_paper": needs.copies * n + needs.fresh + needs.ancillas,
            "preparations": 0 if assumes else needs.copies + needs.inverse_preparations,
            "blocks_of_an_encoder": len(specification.ansatz.blocks),
        },
        reporter,
    )
