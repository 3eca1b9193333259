from __future__ import annotations

from io import BytesIO

from PIL import Image

from qpbae_tn.analysis.example.report import PAGE
from qpbae_tn.analysis.pages import PageOptions


def test_the_example_has_a_picture_that_opens_and_a_row_a_detector() -> None:
    result = PAGE.run(PageOptions())
    picture = result.drawings[PAGE.picture].content
    assert isinstance(picture, bytes)
    with Image.open(BytesIO(picture)) as opened:
        assert opened.width > 600
    table = PAGE.content(result.document).tables["detectors"]
    assert table["detector"].tolist()[:3] == ["model", "dc overlap", "patch pca"]
    auroc = table["AUROC"][0]
    assert auroc["low"] <= auroc["value"] <= auroc["high"]
