"""What only the regressor has."""

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from .twins import make_ours, make_samples, make_targets, make_twins, of_both

X = make_samples()


def test_one_output_has_no_axis_of_its_own():
    for kind, shape in (("number", (23,)), ("numbers", (23, 2))):
        got, expected = of_both(make_twins(kind), "fit", X, make_targets(kind))
        assert got.predict(X).shape == expected.predict(X).shape == shape


@pytest.mark.compiled
def test_poisson_without_a_hidden_layer_is_a_generalised_linear_model():
    y = make_targets("counts")
    ours = make_ours(
        "counts", hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-7, max_iter=500
    )
    expected = PoissonRegressor(alpha=0, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(ours.fit(X, y).predict(X), expected.predict(X), rtol=1e-4)
