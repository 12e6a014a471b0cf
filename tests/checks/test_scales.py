"""Data far from unit scale: where training fails for it, the error says so, and the remedy."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from fastnn import Dense, DivergenceError, Network
from fastnn._checks.scales import remedy_of_scale

X = np.linspace(-1, 1, 8)[:, np.newaxis]


def net():
    return Network(1, [Dense(4, "tanh"), Dense(1)], seed=0)


def test_targets_that_diverge():
    y = 1e6 * X + 5e5
    with pytest.raises(DivergenceError) as caught:
        net().fit(X, y, epochs=500, learning_rate=1.0)
    expected = "; the targets have mean 5e+05 and standard deviation 6.55e+05: standardise them"
    assert expected in str(caught.value)
    assert "TransformedTargetRegressor" in str(caught.value)
    assert "the inputs have" not in str(caught.value)


def test_inputs_that_diverge():
    wide = np.hstack([X, 1e9 * X])
    for rows in (wide, lambda: iter([(wide, X)])):
        with pytest.raises(DivergenceError) as caught:
            Network(2, [Dense(1)], seed=0).fit(
                rows, *([X] if rows is wide else []), epochs=50, learning_rate=1.0
            )
        message = str(caught.value)
        assert (
            "; the inputs have mean 0 and standard deviation 6.55e+08 (column 1): stan" in message
        )
        assert "the targets have" not in message


def test_unit_scale_is_not_blamed():
    with pytest.raises(DivergenceError, match=r"at the learning rate 1000000\.0$"):
        Network(1, [Dense(1)], seed=0).fit(X, X, epochs=500, learning_rate=1e6)


def test_what_cannot_be_measured():
    assert remedy_of_scale(None, np.zeros((0, 2))) == ""
    with pytest.raises(DivergenceError, match=r"rate 1000000\.0$"):
        Network(1, [Dense(1)], seed=0).fit(csr_array(X), X, epochs=500, learning_rate=1e6)
    assert "mean 1e+308 and standard deviation 0" in remedy_of_scale(np.full((1, 1), 1e308), None)
