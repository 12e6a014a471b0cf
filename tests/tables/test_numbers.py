"""Columns of numbers as inputs."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from fastnn.tables.numbers import PiecewiseBins, RobustScale, quantiles

ONES = np.ones(101)


def test_scale_by_the_interquartile_range():
    x = np.arange(101.0)
    got = RobustScale.fitted(x[:, None], ONES)
    assert (got.center, got.scale) == (50, 50)
    z = (x - 50) / 50
    np.testing.assert_allclose(got(x[:, None])[:, 0], z / np.sqrt(1 + (z / 3) ** 2))


@pytest.mark.parametrize("far", [1e6, 1e200, 1.7e308])
def test_outliers_stay_within_three(far):
    scale = RobustScale.fitted(np.linspace(-1, 1, 101)[:, None], ONES)
    np.testing.assert_allclose(scale(np.array([[far], [-far]])), [[3], [-3]], rtol=1e-9)


def test_numbers_near_the_largest_stay_finite():
    x = 1.7e308 * np.linspace(-1, 1, 101)[:, None] + np.zeros(2)
    x[:, 1] = np.where(np.arange(101) < 50, -1.7e308, 1.7e308)
    for made in (RobustScale.fitted(x, ONES), PiecewiseBins.fitted(x, ONES)):
        assert np.isfinite(made(x)).all()
        assert np.isfinite(made(np.array([[1e308, -1.79e308], [0.0, 1e-320]]))).all()


def test_columns_without_a_spread():
    flags = np.zeros((101, 2))
    flags[:5, 0] = 1
    scale = RobustScale.fitted(flags, ONES)
    np.testing.assert_array_equal(scale.scale, [0.5, 1.0])
    np.testing.assert_array_equal(scale(flags)[:, 1], 0)


def test_bins_are_piecewise_linear():
    x = np.arange(81.0)
    bins = PiecewiseBins.fitted(x[:, None], np.ones(81))
    got = bins(np.array([[-5.0], [0.0], [15.0], [80.0], [99.0]]))
    assert got.dtype == np.float32
    ends = [[-1] * 8, [-1] * 8, [1, 0] + [-1] * 6, [1] * 8, [1] * 8]
    np.testing.assert_allclose(got, ends, atol=1e-6)
    rising = bins(np.linspace(0, 80, 1000)[:, None])
    assert (np.diff(rising, axis=0) >= 0).all()


def test_two_values_need_no_bins():
    X = np.column_stack([np.arange(101) % 2, np.arange(101) % 3, np.zeros(101)])
    assert PiecewiseBins.fitted(X.astype(float), ONES).column.tolist() == [1, 1]
    assert PiecewiseBins.fitted(X[:, :1].astype(float), ONES)(X[:, :1] * 1.0).shape == (101, 0)


def test_a_weight_of_two_is_two_rows():
    random = np.random.default_rng(0)
    x, weights = random.normal(size=(50, 1)), random.integers(0, 4, 50)
    twice = np.repeat(x, weights, axis=0)
    got, expected = (
        RobustScale.fitted(x, weights * 1.0),
        RobustScale.fitted(twice, np.ones(len(twice))),
    )
    assert (got.center, got.scale) == (expected.center, expected.scale)


def test_missing_values_do_not_count():
    x = np.array([np.nan, 1.0, 2.0, 3.0, np.nan])
    assert quantiles(x, np.array([0.5]), np.ones(5)) == [2.0]
