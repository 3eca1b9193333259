"""From names to preparations and back, and the names that are refused."""

import pytest

from qpbae_tn.compiler.preparation import parse_preparation
from qpbae_tn.compiler.preparation.exact import ExactPreparation
from qpbae_tn.compiler.preparation.mps import MpsPreparation, MpsToFidelity
from qpbae_tn.compiler.preparation.protocol import NoPreparation, Preparation
from qpbae_tn.errors import InputError


@pytest.mark.parametrize(
    ("name", "preparation"),
    [
        ("none", NoPreparation()),
        ("exact", ExactPreparation()),
        ("mps", MpsPreparation(2)),
        ("mps:1", MpsPreparation(1)),
        ("mps:8", MpsPreparation(8)),
        ("mps:0.995", MpsToFidelity(0.995)),
    ],
)
def test_names(name: str, preparation: Preparation) -> None:
    assert parse_preparation(name) == preparation
    assert parse_preparation(preparation.name) == preparation


def test_bond_beside_the_name() -> None:
    assert parse_preparation("mps", bond=4) == MpsPreparation(4)


@pytest.mark.parametrize(("name", "bond", "where"), [("mps:0", None, "preparation"), ("mps", 0, "bond")])
def test_a_bad_bond_is_found_where_it_was_written(name: str, bond: int | None, where: str) -> None:
    with pytest.raises(InputError, match=f"^{where}: bond 0.*at least 1"):
        parse_preparation(name, bond)


@pytest.mark.parametrize(
    ("name", "bond"),
    [
        ("mps", 0),
        ("mps", -1),
        ("mps:0", None),
        ("mps:-2", None),
        ("mps:", None),
        ("mps:two", None),
        ("mps:1.5", None),
        ("mps:0.0", None),
        ("mps:2", 4),
        ("exact", 2),
        ("none", 1),
        ("exact:2", None),
        ("isometry", None),
        ("", None),
    ],
)
def test_refused(name: str, bond: int | None) -> None:
    with pytest.raises(InputError):
        parse_preparation(name, bond)
