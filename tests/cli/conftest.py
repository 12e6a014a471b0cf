"""What the tests of the commands share."""

import pytest

from ..tabular.tables import flowers, write


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a fresh folder, the present one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def flower_bytes(tmp_path_factory):
    """Return a model that `fastnn train` has saved, as bytes: one network is trained for all."""
    from fastnn.cli.main import main

    folder = tmp_path_factory.mktemp("flowers")
    table = write(folder / "flowers.csv", flowers(100))
    argv = ["train", str(table), "--target", "species", "--save", str(folder / "model"), "--fast"]
    assert main([*argv, "--quiet"]) == 0
    return (folder / "model").read_bytes()


@pytest.fixture
def flower_model(here, flower_bytes, capsys):
    """Return the path of a model of flowers, and leave the table beside it."""
    write("flowers.csv", flowers(100))
    (here / "model").write_bytes(flower_bytes)
    capsys.readouterr()
    return here / "model"
