"""Fixtures shared by all tests."""

import os
from pathlib import Path

import hypothesis
import pytest

# The same examples on every machine and in every run: a red test can then be repeated by anyone.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data; tests that need it skip where it is absent."""
    root = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("VOYAGER_LITE_TEST_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set VOYAGER_LITE_TEST_DATA to the folder that holds B_rgbd")
    return folder
