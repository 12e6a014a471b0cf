"""What a user's functions may do with their arguments: read them, within bounds."""

import numpy as np
import pytest
from numba.core import event
from numpy.testing import assert_array_equal

import fastnn
from fastnn import Dense, DivergenceError, Network
from fastnn.losses import BinaryCrossEntropy, CrossEntropy, Focal, Quantile

X = np.ones((4, 1))
TABLE = np.array([1.0, 2.0, 3.0])


def shares(y, a, error):
    y /= y.sum()
    error[:] = a - y
    return 0.5 * (error**2).sum()


def clipping(y, a, error):
    a[:] = np.minimum(a, 1.0)
    error[:] = a - y
    return 0.5 * (error**2).sum()


def rarely(y, a, error):
    if y[0] > 1000:
        y[0] = 1000
    error[:] = a - y
    return 0.5 * (error**2).sum()


def rarely_all(y, a, error):
    if y[0] > 1000:
        y /= y.sum()
    error[:] = a - y
    return 0.5 * (error**2).sum()


@fastnn.loss
def by_class(y, a):
    k = TABLE[int(y)]
    return k * (a - y) ** 2, 2 * k * (a - y)


@fastnn.activation
def by_table(z):
    return z * TABLE[int(abs(z))], TABLE[int(abs(z))]


@pytest.mark.parametrize(("function", "name"), [(shares, "y"), (clipping, "a")])
def test_a_loss_that_writes_to_its_arguments_is_refused(function, name):
    message = rf"must write to error alone, got {name} changed .*: write {name} = {name}.copy\(\)"
    with pytest.raises(TypeError, match=message):
        fastnn.loss(function)


@pytest.mark.compiled
@pytest.mark.parametrize("function", [rarely, rarely_all])
def test_a_loss_that_rarely_writes_to_its_arguments_is_refused(function):
    message = r"must be a function that Numba compiles: .*(readonly|not to y or a)"
    with pytest.raises(TypeError, match=message):
        Network(1, [Dense(2)], loss=fastnn.loss(function))


def test_a_copy_may_be_written_to():
    @fastnn.loss
    def of_shares(y, a, error):
        y = y.copy()
        y /= np.abs(y).sum() + 1.0
        error[:] = a - y
        return 0.5 * (error**2).sum()

    y = np.array([[1.0, 3.0]] * 4)
    y.flags.writeable = False
    net = Network(1, [Dense(2)], loss=of_shares, seed=0)
    net.fit(X, y, epochs=3)
    assert_array_equal(y, [[1.0, 3.0]] * 4)
    values = [of_shares(y[0], a, np.empty(2)) for a in net.predict(X)]
    assert net.loss(X, y) == pytest.approx(np.mean(values))


def test_an_index_out_of_bounds_is_told():
    net = Network(1, [Dense(1)], loss=by_class, seed=0)
    assert net.loss(X, [0, 1, 2, -1]) > 0
    params = net.params.copy()
    for y in ([0.0, 1.0, 2.0, 3.0], [0, 1, 2, 1e9]):
        told = f"the loss by_class raised IndexError: .* for y = {y[3]}"
        for call in (net.loss, net.gradient):
            with pytest.raises(ValueError, match=told):
                call(X, y)
        with pytest.raises(DivergenceError, match=told):
            net.fit(X, y, shuffle=False)
        net.params[:] = params


def test_an_index_out_of_bounds_in_an_activation_is_told():
    net = Network(1, [Dense(2, by_table, weights=[[1, 5]])], seed=0)
    assert np.isnan(net.predict(X)).any()
    with pytest.raises(ValueError, match=r"activation by_table raised IndexError: .* for z = 5"):
        net.loss(X, np.ones((4, 2)))


@pytest.mark.parametrize(
    ("make", "activation"),
    [
        (Quantile, "identity"),
        (Focal, "softmax"),
        (Focal, "sigmoid"),
        (CrossEntropy, "softmax"),
        (BinaryCrossEntropy, "sigmoid"),
    ],
)
def test_other_parameters_compile_nothing(make, activation):
    layer = Dense(2, activation, weights=[[1, -1]])
    first = Network(1, [layer], loss=make(0.25))
    with event.install_recorder("numba:compile") as recorder:
        others = [Network(1, [layer], loss=make(0.25 + share)) for share in (0.125, 0.5)]
    assert recorder.buffer == []
    losses = [net.loss(X, [[0.0, 1.0]] * 4) for net in (first, *others)]
    assert len(set(losses)) == 3
    again = Network(1, [layer], loss=make(0.25))
    assert again.loss(X, [[0.0, 1.0]] * 4) == losses[0]


def test_levels_may_be_numbers_of_numpy():
    assert Quantile(np.float32(0.5)) == Quantile(0.5)
    assert Quantile(np.float64(0.3)) == Quantile(0.3)
    assert Quantile(np.array(0.25)) == Quantile(np.array([0.25])) == Quantile(0.25)


@pytest.mark.parametrize("width", [17, 100])
def test_a_loss_of_rows_for_one_large_number_of_outputs(width):
    def of_so_many(y, a, error):
        if len(a) != width:
            raise ValueError("another number")
        error[:] = a - y
        return ((a - y) ** 2).sum() / 2

    own = fastnn.loss(of_so_many)
    assert own.widths == (width,)
    net = Network(2, [Dense(width)], loss=own, seed=0)
    twin = Network(2, [Dense(width)], loss="half_sse", seed=0)
    X, y = np.ones((3, 2)), np.zeros((3, width))
    assert net.loss(X, y) == pytest.approx(twin.loss(X, y))


def test_a_default_argument_is_refused_by_its_name():
    with pytest.raises(TypeError, match=r"got one with a default, q=0\.3: leave q out, and"):
        fastnn.loss(lambda y, a, q=0.3: (q * (a - y), q))
    with pytest.raises(TypeError, match="got one with a default, k=2: leave k out"):
        fastnn.activation(lambda z, k=2: (k * z, k))
