from __future__ import annotations

import pytest

from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import staircase
from qpbae_tn.model.blocks import SO4
from qpbae_tn.model.specification import ModelSpecification


def test_registers_follow_the_paper() -> None:
    specification = ModelSpecification.build(8, 1, 2)
    assert specification.qubit_count == 6
    assert specification.trash_qubits == (0, 1, 2, 3)
    assert specification.latent_qubits == (4, 5)
    last = ModelSpecification.build(8, 1, 2, trash="last")
    assert last.latent_qubits == (0, 1)
    assert last.trash_qubits == (2, 3, 4, 5)
    assert specification.ansatz.parameter_count == 10


def test_json_round_trip() -> None:
    specification = ModelSpecification.build(4, 2, 3, kind=SO4, layers=2, trash="last", pixel_order="morton")
    assert ModelSpecification.from_json(specification.to_json()) == specification


@pytest.mark.parametrize("size", [-4, 0, 1, 3, 6, 12])
def test_patch_size_must_be_a_power_of_two(size: int) -> None:
    with pytest.raises(InputError, match=r"patch_size: patch size .* 2, 4, 8"):
        ModelSpecification.build(size)


@pytest.mark.parametrize("bottleneck", [-1, 0, 4, 9])
def test_bottleneck_must_leave_trash_and_latent(bottleneck: int) -> None:
    with pytest.raises(InputError, match=r"bottleneck: .*give 1 to 3"):
        ModelSpecification.build(4, 1, bottleneck)


def test_other_values_are_checked() -> None:
    with pytest.raises(InputError, match=r"^stride: "):
        ModelSpecification.build(4, 0)
    with pytest.raises(InputError, match=r"^image_size: "):
        ModelSpecification.build(8, image_size=4)
    with pytest.raises(InputError, match=r"^trash: "):
        ModelSpecification.build(4, trash="middle")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^pixel_order: "):
        ModelSpecification.build(4, pixel_order="hilbert")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ansatz of 6 qubits for a patch of 4"):
        ModelSpecification(4, 1, 1, staircase(6))
