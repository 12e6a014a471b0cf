import numpy as np
import pytest

from fastnn.datasets import load_digits

# The tutorial's matrix: its sums, and pixels 67 to 78 of its first image.
SUM, SUM_OF_SQUARES = 262678.26015968184, 208610.83198449048
LOWEST, HIGHEST = -0.1319632301985249, 1.1276882991588881
ROW_SUMS = {
    0: 62.22731187080517,
    500: 34.280120322292916,
    1000: 59.22488757518609,
    4999: 67.1101949875658,
}
PIXELS_67_TO_78 = [
    8.56059679589128e-06,
    1.9403594771217122e-06,
    -0.0007374387254902292,
    -0.00813403799019627,
    -0.018610447303921862,
    -0.018741286535404494,
    -0.018757250816993774,
    -0.01909635416666698,
    -0.016403901143791144,
    -0.0037819138071896554,
    0.0003303473156414432,
    1.2765522875817461e-05,
]


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_arrays_are_canonical(digits):
    X, y = digits
    assert X.shape == (5000, 400)
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert X.flags.writeable
    assert y.shape == (5000,)
    assert y.dtype == np.int64


def test_labels_are_sorted_by_class(digits):
    np.testing.assert_array_equal(digits[1], np.repeat(np.arange(10), 500))


def test_sums_are_the_tutorials(digits):
    X, _ = digits
    np.testing.assert_allclose(X.sum(), SUM, rtol=1e-13)
    np.testing.assert_allclose((X**2).sum(), SUM_OF_SQUARES, rtol=1e-13)
    np.testing.assert_allclose([X.min(), X.max()], [LOWEST, HIGHEST], rtol=1e-13)
    np.testing.assert_allclose(X[list(ROW_SUMS)].sum(axis=1), list(ROW_SUMS.values()), rtol=1e-13)


def test_pixels_are_the_tutorials(digits):
    np.testing.assert_allclose(digits[0][0, 67:79], PIXELS_67_TO_78, rtol=0, atol=1e-14)


def test_empty_paper_is_exactly_zero(digits):
    X, _ = digits
    assert np.mean(X == 0) == 0.5317605
    assert np.mean(X < 0) == 0.1665275
    assert np.sum(~X.any(axis=0)) == 5


def test_images_stand_upright_column_by_column(digits):
    image = digits[0][500].reshape(20, 20).T
    thumbnail = load_digits(size=28)[0][500].reshape(28, 28)
    nearest = (np.arange(20) * 28 + 14) // 20
    sampled = thumbnail[np.ix_(nearest, nearest)]
    assert np.corrcoef(image.ravel(), sampled.ravel())[0, 1] > 0.9
    assert np.corrcoef(image.T.ravel(), sampled.ravel())[0, 1] < 0.5


def test_size_28_gives_the_pixels_of_mnist():
    X, y = load_digits(size=28)
    assert X.shape == (5000, 784)
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert (X.min(), X.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(X * 255, np.round(X * 255))
    np.testing.assert_array_equal(y, np.repeat(np.arange(10), 500))


@pytest.mark.parametrize("size", [20, 28])
def test_each_call_returns_arrays_of_its_own(size):
    for written, index in zip(load_digits(size=size), (0, 1), strict=True):
        expected = written.copy()
        written[:] = 7
        np.testing.assert_array_equal(load_digits(size=size)[index], expected)


@pytest.mark.parametrize("size", [0, 21, "20", None])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"^size must be 20 or 28, got {size!r}$"):
        load_digits(size=size)
