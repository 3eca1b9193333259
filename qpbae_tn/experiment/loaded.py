"""The images of an experiment: loaded, split, cut and embedded, each once and when first asked for.

`LoadedExperiment` is what is handed around: training, evaluation, studies and pages take it and ask it for what they
need. `variant` gives the same images under another description of the model; what does not depend on what was changed
(images, splits, mean states of the batches, ceilings) is shared.

Images at hand take the place of a data set: `LoadedExperiment(experiment, normal=..., test=...)` splits normal images
as the experiment says, `parts=` takes them split.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.data.data_set import DataSet, ImageSet, LabelledImageSet
from qpbae_tn.data.layouts import open_data_set
from qpbae_tn.data.splits import Split, random_split, read_split, split_from_json
from qpbae_tn.engines.protocol import Engine
from qpbae_tn.experiment.ceilings import effective_parameters, pca_ceiling, product_ceiling
from qpbae_tn.experiment.description import Experiment
from qpbae_tn.experiment.fit import TrainingProblem, prepare_problem
from qpbae_tn.experiment.initial_angles import initial_angles, read_initial_angles
from qpbae_tn.model.embedding import ImagePatches
from qpbae_tn.model.model import Model
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification

T = TypeVar("T")

PRODUCT_CEILING_QUBITS = 8
"""Up to this n the product ceiling is computed: its search handles Sigma as a dense matrix many times over."""


@dataclass(frozen=True)
class Ceilings:
    """What no training on these images can pass.

    Args:
        pca_loss: the least loss of any encoder.
        product_loss: the least loss of product filters, which one layer of the paper's ansatz is; None past 8 qubits.
        effective_parameters: directions of the angles that the loss sees; None past 12 qubits.
    """

    pca_loss: float
    product_loss: float | None
    effective_parameters: int | None


class LoadedExperiment:
    """An experiment with its images; nothing is read, cut or computed before it is asked for, and nothing twice.

    Example:
        >>> from qpbae_tn.experiment.description import Experiment
        >>> loaded = LoadedExperiment(Experiment(train=8, validation=2, test=4, stride=4, epochs=2))
        >>> len(loaded.train), len(loaded.validation), len(loaded.test)
        (8, 2, 4)
        >>> loaded.train_patches[0].shape, loaded.grid.count
        ((64, 16), 64)
        >>> loaded.variant(bottleneck=1).train is loaded.train
        True

    Args:
        experiment: the description.
        model: a trained model that the images are for: on the data that it was trained on, its own split is used, and
            data without normal images will do.
        normal: the normal images, to be split as the experiment says, in the place of the data set's.
        test: labelled images in the place of the data set's.
        parts: training and validation images, in the place of a split of normal ones.

    Raises:
        InputError: an unknown data set. What else can be wrong with images is raised when they are first asked for.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        model: Model | None = None,
        normal: ImageSet | None = None,
        test: LabelledImageSet | None = None,
        parts: tuple[ImageSet, ImageSet] | None = None,
    ) -> None:
        self.experiment = experiment
        self.model = model
        self._given: dict[str, Any] = {"normal": normal, "test": test, "parts": parts}
        self._kept: dict[Hashable, Any] = {}
        if not self._has_given:
            _ = self.data_set

    @classmethod
    def of_arrays(
        cls, experiment: Experiment, train: NDArray[np.floating], validation: NDArray[np.floating]
    ) -> LoadedExperiment:
        """Normal images at hand, each of shape (images, H, W) with values in [0, 1], already split."""
        parts = (ImageSet.of_arrays(train), ImageSet.of_arrays(validation, part="validation"))
        return cls(experiment, parts=parts)

    def variant(self, **changes: Any) -> LoadedExperiment:
        """The experiment with some settings changed, sharing whatever does not depend on them.

        Raises:
            InputError: settings that cannot be.
            ValueError: other data or another image size, where the images were given.
        """
        if self._has_given and {"data", "image_size"} & set(changes):
            raise ValueError("images that were given have no other size or data set")
        other = LoadedExperiment.__new__(LoadedExperiment)
        other.__dict__.update(self.__dict__)
        other.experiment = replace(self.experiment, **changes)
        return other

    def with_model(self, model: Model) -> LoadedExperiment:
        """The same with a trained model, sharing all images."""
        other = self.variant()
        other.model = model
        return other

    def __repr__(self) -> str:
        return f"LoadedExperiment({self.experiment.data}, {self.specification.label})"

    @property
    def trained_model(self) -> Model:
        """The model; raises ValueError where there is none."""
        if self.model is None:
            raise ValueError("no model: train one, and give it with `with_model`")
        return self.model

    # Images

    @property
    def data_set(self) -> DataSet:
        """The data set, opened; its files are read when images are asked for."""
        e = self.experiment
        return self._once(("data_set", e.data, e.patch_size), lambda: open_data_set(e.data, minimum_side=e.patch_size))

    @property
    def normal(self) -> ImageSet:
        """All normal images, in the order of their names; none where a model is there and the data have none."""
        given: ImageSet | None = self._take("normal")
        if given is not None:
            return given
        e, data_set = self.experiment, self.data_set
        if self.model is not None and not data_set.has_training_images:
            return ImageSet.of_arrays(np.zeros((0, e.image_size, e.image_size)), data_set.name)
        return self._once(("normal", e.data, e.patch_size, e.image_size), lambda: data_set.train(e.image_size))

    @property
    def split(self) -> Split:
        """Which normal images train and which validate; parts that were given count on from one to the other."""
        parts: tuple[ImageSet, ImageSet] | None = self._given["parts"]
        if parts is not None:
            indices = range(len(parts[0]) + len(parts[1]))
            return Split(tuple(indices[: len(parts[0])]), tuple(indices[len(parts[0]) :]))
        e = self.experiment
        seed = e.seed if e.split_seed is None else e.split_seed
        key = (e.data, e.image_size, e.patch_size, e.split, seed, e.train, e.validation, self.model)
        return self._once(("split", *key), self._find_split)

    @property
    def train(self) -> ImageSet:
        """The training images, in the order of the batches."""
        return self._part(0)

    @property
    def validation(self) -> ImageSet:
        """The validation images."""
        return self._part(1)

    @property
    def test(self) -> LabelledImageSet:
        """The labelled images, or a stratified subset."""
        given: LabelledImageSet | None = self._take("test")
        if given is not None:
            return given
        e = self.experiment
        seed = e.evaluation_seed
        key = ("test", e.data, e.patch_size, e.image_size, e.test, seed if e.test is not None else 0)
        return self._once(key, lambda: self.data_set.test(e.image_size, limit=e.test, seed=seed))

    @property
    def notices(self) -> list[str]:
        """What a reader should know of how the engine was chosen and how the split came about."""
        split = self.split.notice
        return [*self.experiment.engine_notices(), *([split] if split else [])]

    @property
    def on_own_data(self) -> bool:
        """Whether the normal images are those that the model was trained on."""
        return self.model is not None and self.model.provenance.get("data") == self.normal.provenance.to_json()

    # The model's side

    @property
    def specification(self) -> ModelSpecification:
        """The model's."""
        return self.experiment.specification

    @property
    def engine(self) -> Engine:
        """Computes losses and fidelities."""
        e = self.experiment
        return self._once(("engine", e.engine, e.bond, e.cutoff), e.make_engine)

    @property
    def initial_angles(self) -> NDArray[np.float64]:
        """Angles that training starts from, shape (parameter_count,), radians."""
        given, ansatz = self.experiment.initial_angles, self.specification.ansatz
        if given is None:
            return initial_angles(ansatz, self.experiment.init, self.experiment.seed)
        if isinstance(given, tuple):
            return ansatz.check_angles(given, where="initial_angles")
        return read_initial_angles(given, ansatz)

    # Patches and what training makes of them

    @property
    def grid(self) -> PatchGrid:
        """Where the patches lie, on images of the experiment's size."""
        e = self.experiment
        return PatchGrid(e.image_size, e.image_size, e.patch_size, e.stride)

    @property
    def train_patches(self) -> ImagePatches:
        """Of the training images."""
        return self._patches("train", self.train)

    @property
    def validation_patches(self) -> ImagePatches:
        """Of the validation images."""
        return self._patches("validation", self.validation)

    @property
    def test_patches(self) -> ImagePatches:
        """Of the test images."""
        return self._patches("test", self.test)

    @property
    def problem(self) -> TrainingProblem:
        """The loss of each batch and of the validation images, and the mean state of all training images.

        Mean states depend on neither bottleneck nor ansatz nor seed, so that variants share them.
        """
        made: dict[ModelSpecification, TrainingProblem] = self._once(("problems", *self._problem_key), dict)
        if self.specification not in made:
            alike = next(iter(made.values()), None)
            shared = alike.for_specification(self.specification) if alike is not None else None
            made[self.specification] = shared or prepare_problem(
                self.specification,
                self.engine,
                self.train.images,
                self.validation.images,
                self.experiment.batch_size,
            )
        return made[self.specification]

    @property
    def ceilings(self) -> Ceilings:
        """The least losses that encoders can reach on the training images."""
        return self._once(("ceilings", *self._problem_key, self.specification), self._find_ceilings)

    def _find_ceilings(self) -> Ceilings:
        specification, mean = self.specification, self.problem.train_mean
        product = None
        if specification.qubit_count <= PRODUCT_CEILING_QUBITS:
            sigma = mean.array.T @ mean.array if mean.factored else mean.array
            product = 1.0 - product_ceiling(specification, sigma)
        return Ceilings(1.0 - pca_ceiling(specification, mean), product, effective_parameters(specification))

    def _find_split(self) -> Split:
        e, count = self.experiment, len(self.normal)
        if isinstance(e.split, Split):
            return split_from_json(e.split.to_json(), count, where="split")
        if e.split is not None:
            return read_split(e.split, count)
        if self.model is not None:
            if count < 2:
                return Split(tuple(range(count)), ())
            if self.on_own_data and "split" in self.model.provenance:
                return split_from_json(self.model.provenance["split"], count, where="the split in the model file")
        return random_split(count, e.seed if e.split_seed is None else e.split_seed, e.train, e.validation)

    def _part(self, index: int) -> ImageSet:
        parts: tuple[ImageSet, ImageSet] | None = self._given["parts"]
        if parts is not None:
            return parts[index]
        indices = (self.split.train, self.split.validation)[index]
        return self._once(("part", index, *self._parts_key), lambda: self.normal.take(indices))

    def _patches(self, part: str, found: ImageSet) -> ImagePatches:
        e = self.experiment
        key = ("patches", part, found, e.patch_size, e.stride, e.pixel_order)
        return self._once(key, lambda: ImagePatches.of(found.images, self.specification))

    def _take(self, part: str) -> Any:
        """Images that were given; raises ValueError for a part that is missing beside others that were."""
        if self._given[part] is None and self._has_given:
            raise ValueError(f"no {part} images were given")
        return self._given[part]

    @property
    def _has_given(self) -> bool:
        return any(part is not None for part in self._given.values())

    @property
    def _parts_key(self) -> tuple[Hashable, ...]:
        """What decides the training and validation images; equal splits are one, however they came about."""
        e = self.experiment
        return (e.data, e.image_size, e.patch_size, self.split.train, self.split.validation)

    @property
    def _problem_key(self) -> tuple[Hashable, ...]:
        e = self.experiment
        return (*self._parts_key, e.stride, e.pixel_order, e.batch_size, e.engine, e.bond, e.cutoff)

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found
