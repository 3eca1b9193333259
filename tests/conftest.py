"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("project")


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The folder of real images that may not be shipped; see CONTRIBUTING.md."""
    folder = os.environ.get("QPBAE_TEST_DATA")
    if not folder:
        pytest.skip("QPBAE_TEST_DATA does not name a folder of test images")
    if not Path(folder).is_dir():
        pytest.skip(f"QPBAE_TEST_DATA names {folder}, which is not a folder")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def reference(real_images: Path) -> Path:
    """The folder of the paper's tables and the authors' files, beside the images."""
    folder = real_images.parent / "reference"
    if not folder.is_dir():
        pytest.skip("no folder 'reference' beside QPBAE_TEST_DATA")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Orders of contraction are kept for this run of the tests, not in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QPBAE_CACHE", str(tmp_path_factory.getbasetemp().parent / "qpbae_cache"))
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20240)
