"""`Standardize` beside the same network whose inputs are standardised before."""

import numpy as np
import pytest
from scipy import sparse

from fastnn import Standardize
from fastnn._checks import stored

from ..support.standardized import DTYPES, make, moments


def pair(data, dtype="float64", **options):
    """Return a network with it, one without, and the inputs of the latter."""
    step = Standardize(*moments(data[0]))
    return make(step, dtype=dtype), make(dtype=dtype), (data[0] - step.mean) / step.scale


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("batch_size", "optimizer"), [(1, "sgd"), (8, "adam"), (None, "lbfgs")])
def test_training(data, batch_size, optimizer, dtype):
    net, expected, Z = pair(data, dtype)
    Y, how = data[1], {"epochs": 3, "batch_size": batch_size, "optimizer": optimizer}
    got = net.fit(data[0], Y, validation_data=data, metrics=["mse", "r2"], **how)
    wanted = expected.fit(Z, Y, validation_data=(Z, Y), metrics=["mse", "r2"], **how)
    np.testing.assert_array_equal(net.params, expected.params)
    assert dict(got) == dict(wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_use(data, dtype):
    net, expected, Z = pair(data, dtype)
    X, Y = data
    weights = np.arange(60.0)
    np.testing.assert_array_equal(net.predict(X), expected.predict(Z))
    np.testing.assert_array_equal(net.predict(X.tolist(), n_threads=2), expected.predict(Z))
    np.testing.assert_array_equal(net.predict(X[:3]), expected.predict(Z)[:3])
    rounded = X.astype(dtype)
    np.testing.assert_array_equal(net.predict(rounded[0]), net.predict(rounded)[0])
    assert net.loss(X, Y, sample_weight=weights) == expected.loss(Z, Y, sample_weight=weights)
    np.testing.assert_array_equal(net.gradient(X, Y), expected.gradient(Z, Y))
    got, wanted = net.gradient_per_sample(X, Y), expected.gradient_per_sample(Z, Y)
    np.testing.assert_array_equal(got, wanted)
    for one, other in zip(net.hidden(X), expected.hidden(Z), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(net.trace(X[0], Y[0]), expected.trace(Z[0], Y[0]), strict=True):
        np.testing.assert_array_equal(one.grad_W, other.grad_W)


def test_derivatives_by_the_inputs_are_by_those_given(data):
    net, _, _ = pair(data)
    x, y = data[0][0], data[1][0]
    jacobian, gradient = net.jacobian(x), net.gradient_of_inputs(x, y)
    for i in range(4):
        step = 1e-4 * np.eye(4)[i]
        slope = (net.predict(x + step) - net.predict(x - step)) / 2e-4
        np.testing.assert_allclose(jacobian[:, i], slope, rtol=1e-6, atol=1e-9)
        slope = (net.loss([x + step], [y]) - net.loss([x - step], [y])) / 2e-4
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-9)
    np.testing.assert_array_equal(net.jacobian(data[0])[0], jacobian)


def test_partial_fit(data):
    net, expected, Z = pair(data)
    X, Y = data
    for each, inputs in ((net, X), (expected, Z)):
        each.partial_fit(inputs[:5], Y[:5])
        for x, y in zip(inputs[5:], Y[5:], strict=True):
            each.partial_fit(x, y)
    np.testing.assert_array_equal(net.params, expected.params)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_partial_fit_by_any_optimiser(data, optimizer):
    net, expected, Z = pair(data)
    batch_size = None if optimizer == "lbfgs" else 7
    net.partial_fit(*data, optimizer=optimizer, batch_size=batch_size)
    expected.partial_fit(Z, data[1], optimizer=optimizer, batch_size=batch_size)
    np.testing.assert_array_equal(net.params, expected.params)


@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
@pytest.mark.parametrize("options", [{}, {"validation_fraction": 0.3}])
def test_a_large_table_is_standardised_part_by_part(data, options, kind, monkeypatch):
    X, Y = (100 * data[0]).astype(kind), data[1]
    small, large = make(Standardize()), make(Standardize())
    small.fit(X, Y, epochs=2, batch_size=8, **options)
    monkeypatch.setattr(stored, "MOST_OF_FILE", 0)
    monkeypatch.setattr(stored, "MOST_OF_MEMORY", 0)
    large.fit(X, Y, epochs=2, batch_size=8, **options)
    np.testing.assert_allclose(large.standardize.mean, small.standardize.mean, rtol=1e-12)
    np.testing.assert_allclose(large.params, small.params, rtol=1e-10)
    np.testing.assert_allclose(large.predict(X), small.predict(X), rtol=1e-9)


def test_float32_keeps_the_digits_of_columns_far_from_0(data):
    X = data[0] + 1.7e9
    net, expected = make(Standardize(), dtype="float32"), make(dtype="float32")
    how = {"epochs": 5, "batch_size": 8}
    net.fit(X, data[1], **how)
    Z = (X - net.standardize.mean) / net.standardize.scale
    expected.fit(Z, data[1], **how)
    np.testing.assert_array_equal(net.predict(X), expected.predict(Z))
    np.testing.assert_array_equal(net.predict(X[0]), expected.predict(Z[0]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_finite_is_told(dtype):
    net = make(Standardize(0.0, 1e-30), dtype=dtype)
    X = np.zeros((3, 4))
    X[1, 2] = np.nan
    for call in (net.predict, net.hidden, lambda X: net.loss(X, np.zeros((3, 2)))):
        with pytest.raises(ValueError, match=rf"X must be finite in {dtype}, got nan at \(1, 2\)"):
            call(X)
    X[1, 2] = 1e20  # whose standardised value float32 has not
    if dtype == "float32":
        with pytest.raises(ValueError, match=r"X must be finite in float32, got inf at \(1, 2\)"):
            net.predict(X)
        with pytest.raises(ValueError, match=r"X must be finite in float32, got inf at \(2,\)"):
            net.predict(X[1])
        return
    assert np.isfinite(net.predict(X)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_float32_inputs_are_as_their_numbers_in_float64(data, dtype):
    X, Y = data[0].astype(np.float32), data[1]
    nets = [make(Standardize(), dtype=dtype) for _ in range(2)]
    for net, inputs in zip(nets, (X, X.astype(float)), strict=True):
        net.fit(inputs, Y, epochs=2)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    np.testing.assert_array_equal(nets[0].predict(X), nets[1].predict(X.astype(float)))


def test_sparse_inputs_are_divided_only(data):
    X = np.maximum(data[0] - [0, 45, 3, 0], 0)
    net, dense = make(Standardize(with_mean=False)), make(Standardize(with_mean=False))
    for each, inputs in ((net, sparse.csr_array(X)), (dense, X)):
        each.fit(inputs, data[1], epochs=2, sample_weight=np.arange(60))
    _, scale = moments(X, weights=np.arange(60))
    assert net.standardize.mean is None
    np.testing.assert_allclose(net.standardize.scale, scale, rtol=1e-12)
    np.testing.assert_allclose(net.predict(sparse.csr_array(X)), dense.predict(X), rtol=1e-10)
    np.testing.assert_allclose(net.folded().predict(X), dense.predict(X), rtol=1e-10)
    centred = make(Standardize(0.0, 1.0))
    for call in (centred.fit, centred.loss, centred.partial_fit):
        with pytest.raises(ValueError, match="X must be dense for Standardize"):
            call(sparse.csr_array(X), data[1])
