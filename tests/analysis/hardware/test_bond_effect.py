from __future__ import annotations

from qpbae_tn.analysis.hardware.bond_effect import BONDS, bond_rows


def test_more_bond_means_more_fidelity_and_the_full_bond_is_exact() -> None:
    rows = bond_rows({"textures": "textures"}, 0)
    for size in (4, 8):
        members = {row["bond"]: row for row in rows if row["patch_size"] == size}
        fidelities = [members[str(bond)]["median_fidelity"] for bond in BONDS]
        assert fidelities == sorted(fidelities)
    small = {row["bond"]: row for row in rows if row["patch_size"] == 4}
    # Four qubits have Schmidt rank 4 at most: bond 4 leaves nothing out.
    assert abs(small["4"]["auroc"]["value"] - small["exact"]["auroc"]["value"]) < 1e-9
    assert len(rows) == 2 * (len(BONDS) + 1)
