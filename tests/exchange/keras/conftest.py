"""What the tests of Keras files share."""

import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"
