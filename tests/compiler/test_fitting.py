from __future__ import annotations

import re

import pytest

from qpbae_tn.compiler.circuits import generic_angles
from qpbae_tn.compiler.pipeline import check_size, compile_program, qubits_needed
from qpbae_tn.compiler.preparation.protocol import NoPreparation
from qpbae_tn.compiler.readouts import READOUTS
from qpbae_tn.compiler.targets.devices import load_target
from qpbae_tn.errors import InputError
from qpbae_tn.model.specification import ModelSpecification


def model(size: int, bottleneck: int = 2) -> ModelSpecification:
    return ModelSpecification.build(size, bottleneck=bottleneck, image_size=max(32, size))


def remedy(size: int, readout: str, target: str = "rainbow", bottleneck: int = 2) -> str:
    with pytest.raises(InputError) as error:
        check_size(model(size, bottleneck), READOUTS[readout], load_target(target))
    return error.value.remedy


def test_the_remedy_names_what_fits_only() -> None:
    assert remedy(1024, "destructive") == "use patches of 16 px or less, or `target` willow_pink"
    assert remedy(64, "ancilla") == "use the echo readout, or patches of 8 px or less, or `target` willow_pink or weber"
    assert remedy(32, "destructive") == (
        "use the latent or echo readout, or patches of 16 px or less, or `target` willow_pink or weber"
    )
    assert remedy(2048, "ancilla_training") == (
        "use the direct readout, or patches of 16 px or less, or `target` willow_pink"
    )


@pytest.mark.parametrize("readout", ["destructive", "ancilla", "latent", "echo"])
@pytest.mark.parametrize("bottleneck", [1, 2, 5])
def test_every_proposal_fits(readout: str, bottleneck: int) -> None:
    text, room = remedy(4096, readout, bottleneck=bottleneck), len(load_target("rainbow").qubits)
    patches = re.search(r"patches of (\d+) px", text)
    assert patches is not None
    size = int(patches.group(1))
    assert qubits_needed(model(size, min(bottleneck, 2 * size.bit_length() - 3)), READOUTS[readout]) <= room
    assert qubits_needed(model(2 * size, bottleneck), READOUTS[readout]) > room
    named = re.search(r"use the (.*) readout", text)
    for name in named.group(1).split(" or ") if named else []:
        assert qubits_needed(model(4096, bottleneck), READOUTS[name]) <= room


@pytest.mark.parametrize("literal", [False, True])
@pytest.mark.parametrize("readout", READOUTS)
def test_the_qubits_counted_are_those_that_are_placed(readout: str, literal: bool) -> None:
    specification = model(4)
    angles = generic_angles(specification, 0)
    program = compile_program(
        specification, angles, READOUTS[readout], NoPreparation(), load_target("willow_pink"), literal=literal
    )
    assert program.counts.qubits <= qubits_needed(specification, READOUTS[readout], literal=literal)
    check_size(specification, READOUTS[readout], load_target("rainbow"))
