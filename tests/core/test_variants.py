import numpy as np
import pytest

from fastnn.core import layout
from fastnn.core.variants import rows_ahead


@pytest.mark.parametrize(
    ("n_in", "width", "dtype", "expected"),
    [
        (400, 25, "float64", 1),
        (784, 512, "float64", 9),
        (784, 512, "float32", 9),
        (784, 256, "float64", 9),
        (784, 256, "float32", 1),  # fits into the cache
    ],
)
def test_wide_first_layers_look_ahead(n_in, width, dtype, expected):
    dtype = np.dtype(dtype)
    table = layout.layer_table(n_in, [width, 10], [1, 1], [1, 1], [1, 1], dtype)
    assert rows_ahead(table, dtype.itemsize) == expected
