"""`Standardize` beside the same network whose inputs are standardised before."""

import copy
import json
import pickle

import numpy as np
import pytest
from scipy import sparse

from fastnn import Dense, DivergenceError, Network, Population, Standardize, core
from fastnn._checks import stored
from fastnn.callbacks import Callback
from fastnn.online import OnlineRegressor
from fastnn.reference import ReferenceNetwork

from .support.files import saved, saved_and_loaded

DTYPES = ["float64", "float32"]
UNKNOWN = "mean and scale of Standardize must be known, got none: call fit"


@pytest.fixture
def data():
    """60 rows of 4 columns far from unit scale, the last one constant, and two targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * [1, 10, 0.1, 1] + [0, 50, 3, 0]
    X[:, 3] = 0.1
    return X, np.tanh(X[:, :2] / [1, 100])


def make(*first, bias=True, **options):
    """Return a 4-7-2 network, with what is given before its layers."""
    layers = [*first, Dense(7, "tanh", bias=bias, l2=0.01), Dense(2)]
    return Network(4, layers, loss="half_sse", **{"seed": 1} | options)


def moments(X, **options):
    """Return mean and scale as NumPy has them."""
    mean = np.average(X, axis=0, **options)
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, **options))
    return mean, np.where(np.ptp(X, axis=0) == 0, 1, scale)


def check_moments(step, mean, scale):
    np.testing.assert_allclose(step.mean, mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(step.scale, scale, rtol=1e-12)


# ---- what it learns ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_fit_learns_mean_and_scale(data, dtype):
    net = make(Standardize(), dtype=dtype)
    net.fit(*data)
    check_moments(net.standardize, *moments(data[0]))
    assert net.standardize.scale[3] == 1


@pytest.mark.parametrize("weights", [{"sample_weight": np.arange(60) % 3}, {}])
def test_weights_count(data, weights):
    X, _ = data
    labels = (X[:, 0] > 1).astype(int)
    net = Network(4, [Standardize(), Dense(2, "softmax")], loss="cross_entropy", seed=0)
    net.fit(X, labels, class_weight={1: 5.0}, **weights)
    counts = np.where(labels, 5.0, 1.0) * weights.get("sample_weight", 1.0)
    check_moments(net.standardize, *moments(X, weights=counts))


def test_rows_without_weight_do_not_count(data):
    X, Y = data
    X[:20] = 1e6
    net = make(Standardize())
    net.fit(X, Y, sample_weight=np.arange(60) >= 20)
    check_moments(net.standardize, *moments(X[20:]))


@pytest.mark.parametrize("optimizer", ["sgd", "lbfgs"])
def test_rows_held_out_do_not_count(data, optimizer):
    X, Y = data
    population = Population([make(Standardize())])
    batch_size = None if optimizer == "lbfgs" else 4
    population.fit(X, Y, validation_fraction=0.3, optimizer=optimizer, batch_size=batch_size)
    trained = np.delete(X, population.held_rows[0], axis=0)
    assert len(trained) == 42
    check_moments(population[0].standardize, *moments(trained))


def test_later_calls_keep_what_the_first_has_learnt(data):
    X, Y = data
    net, other = make(Standardize()), make(Standardize())
    other.fit(X, Y, epochs=4, batch_size=8)
    net.fit(X, Y, epochs=2, batch_size=8)
    net.fit(X, Y, epochs=2, batch_size=8, resume=True)
    np.testing.assert_array_equal(net.params, other.params)
    first = net.standardize
    net.fit(2 * X, Y)
    net.partial_fit(3 * X, Y)
    assert net.standardize is first
    anew = Network(4, [Standardize(), *net.layers], loss="half_sse")
    anew.fit(2 * X, Y)
    check_moments(anew.standardize, *moments(2 * X))


@pytest.mark.parametrize("given", [list, lambda chunks: lambda: iter(chunks)])
def test_chunks_are_gone_through_once_before(data, given):
    X, Y = data
    chunks = [(X[:10], Y[:10], np.arange(10.0)), (X[:0], Y[:0]), (X[10:], Y[10:])]
    net = make(Standardize())
    net.fit(given(chunks), epochs=2, batch_size=4)
    weights = np.r_[np.arange(10.0), np.ones(50)]
    check_moments(net.standardize, *moments(X, weights=weights))
    expected = make(net.standardize)
    expected.fit(given(chunks), epochs=2, batch_size=4)
    np.testing.assert_array_equal(net.params, expected.params)


def test_an_iterator_of_chunks_is_refused_unless_all_is_known(data):
    net = make(Standardize())
    with pytest.raises(ValueError, match="chunks must come twice for Standardize"):
        net.fit(iter([data]))
    known = make(Standardize(0.0, 2.0))
    known.fit(iter([data]))
    assert known.standardize.scale.tolist() == [2.0] * 4


def test_a_column_that_float64_cannot_square_is_refused(data):
    X, Y = data
    X[:2, 1] = 1e200, -1e200
    net = make(Standardize())
    with pytest.raises(ValueError, match="that float64 holds for Standardize, got infinity in col"):
        net.fit(X, Y)
    assert net.standardize.scale is None


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("is_split", [True, False])
def test_a_column_whose_squares_are_0_in_float64_is_refused(data, is_split, kind):
    X, Y = data
    X[:, 1] *= 1e-200
    X[:, 2] = 0.0
    net = make(Standardize(with_mean=kind is np.asarray))
    chunks = [(kind(X[row : row + 1]), Y[row : row + 1]) for row in range(60)]
    given = (chunks,) if is_split else (kind(X), Y)
    with pytest.raises(ValueError, match="got 0 in column 1: multiply the column by a power of 10"):
        net.fit(*given)
    X[:, 1] = 1e-200  # which is constant
    net.fit(kind(X), Y)
    assert net.standardize.scale[1:3].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("weight", [1e307, 1e304])
def test_weights_that_overflow_are_named(data, weight):
    X, Y = data
    net = make(Standardize())
    with pytest.raises(
        ValueError, match=r"the weights of the samples must .* divide sample_weight"
    ):
        net.fit(1e3 * X, Y, sample_weight=np.full(60, weight))
    assert net.standardize.scale is None


@pytest.mark.parametrize("optimizer", ["sgd", "lbfgs"])
def test_the_advice_after_a_divergence_is_not_what_the_network_has(data, optimizer):
    X, Y = data
    net = Network(4, [Standardize(*moments(X)), Dense(2)], seed=0)
    batch_size = None if optimizer == "lbfgs" else 4
    with pytest.raises(
        DivergenceError, match=r"inputs that Standardize made .* learns it anew"
    ) as got:
        net.fit(1e200 * X, Y, optimizer=optimizer, batch_size=batch_size)
    assert "begins with" not in str(got.value)


def test_equal_ones_have_the_same_numbers(tmp_path):
    net = make(Standardize([1.0, 2.0, 3.0, 4.0], 2.0))
    net.save(tmp_path / "net.fastnn")
    step, copied = net.standardize, Network.load(tmp_path / "net.fastnn").standardize
    assert step == copied
    assert hash(step) == hash(copied)
    assert Standardize() == Standardize() != Standardize(with_mean=False)
    assert Standardize(0.0, 1.0) != Standardize(0.0, 2.0)
    assert Standardize(0.0, 1.0) != "Standardize(0.0, 1.0)"


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_what_the_dtype_cannot_hold_is_refused_before_anything_changes(data, kind):
    (X, Y), is_sparse = data, kind is sparse.csr_array
    net = make(Standardize(with_mean=not is_sparse), dtype="float32")
    net.fit(kind(X), Y)
    before, far = pickle.dumps(net), kind(X * 1e50)
    message = r"X must be finite in float32, got .*inf at \(0, 0\)"
    for act in (
        lambda: net.fit(far, Y),
        lambda: net.fit(far, Y, epochs=2, resume=True),
        lambda: net.fit(far, Y, validation_fraction=0.2),
        lambda: net.fit(kind(X), Y, validation_data=(far, Y)),
        lambda: net.fit([(kind(X), Y), (far, Y)]),
        lambda: net.partial_fit(far, Y),
        lambda: net.loss(far, Y),
        lambda: net.predict(far),
    ):
        with pytest.raises(ValueError, match=message):
            act()
        assert pickle.dumps(net) == before


def test_constant_columns_may_be_far_from_0(data):
    X, Y = data
    X[:, 3] = 1e9 / 3
    net = make(Standardize())
    net.fit(X, Y, sample_weight=np.linspace(0.1, 1, 60))
    assert net.standardize.scale[3] == 1


# ---- it computes what the network without it does ------------------------------------------------


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


# ---- what is refused, and changes nothing --------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda net, X, Y: net.predict(X),
        lambda net, X, Y: net.predict(X[0]),
        lambda net, X, Y: net.loss(X, Y),
        lambda net, X, Y: net.gradient(X, Y),
        lambda net, X, Y: net.trace(X, Y),
        lambda net, X, Y: net.jacobian(X),
        lambda net, X, Y: net.hidden(X),
        lambda net, X, Y: net.partial_fit(X, Y),
        lambda net, X, Y: net.partial_fit(X[0], Y[0]),
        lambda net, X, Y: net.folded(),
        lambda net, X, Y: net.handle(frozen=True),
        lambda net, X, Y: Population([net]).predict(X),
    ],
)
def test_before_fit_nothing_else_goes(data, call):
    net = make(Standardize())
    before = net.params.copy()
    with pytest.raises(ValueError, match=UNKNOWN):
        call(net, *data)
    np.testing.assert_array_equal(net.params, before)


class Failing(Callback):
    def __init__(self, error, epoch):
        self.error, self.number = error, epoch

    def epoch(self, run):
        if run.epoch == self.number:
            raise self.error


def with_nan(X):
    X = X.copy()
    X[7, 2] = np.nan
    return X


@pytest.mark.parametrize(
    "options",
    [
        {"X": with_nan},
        {"Y": lambda Y: Y[:-1]},
        {"validation_data": ([[1.0]], [1.0])},
        {"epochs": 0},
        {"validation_fraction": 2.0},
        {"optimizer": "no such"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_refused_fit_learns_nothing(data, options):
    X, Y = options.pop("X", lambda X: X)(data[0]), options.pop("Y", lambda Y: Y)(data[1])
    net = make(Standardize())
    with pytest.raises(ValueError):  # noqa: PT011 - what is wrong is the subject of other tests
        net.fit(X, Y, **options)
    assert net.standardize.scale is None


def test_a_chunk_that_is_refused_takes_back_what_was_learnt(data):
    X, Y = data
    calls = []

    def chunks():
        calls.append(1)
        return [(X, Y), (X if len(calls) < 3 else with_nan(X), Y)]

    net = make(Standardize())
    before = net.params.copy()
    with pytest.raises(ValueError, match="chunk 1 of epoch 1: X must be finite"):
        net.fit(chunks, epochs=3)
    assert net.standardize.scale is None
    np.testing.assert_array_equal(net.params, before)


def test_what_was_learnt_stays_with_the_first_whole_epoch(data):
    class Stopped(Exception):
        pass

    net = make(Standardize())
    with pytest.raises(Stopped):
        net.fit(*data, epochs=3, callbacks=[Failing(Stopped(), 1)])
    check_moments(net.standardize, *moments(data[0]))
    assert net.history.epoch == [0, 1]

    class Unstartable(Callback):
        def start(self, run):
            raise Stopped

    net = make(Standardize())
    with pytest.raises(Stopped):
        net.fit(*data, callbacks=[Unstartable()])
    assert net.standardize.scale is None


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Standardize([1.0]), ValueError, "given together, got mean without scale"),
        (lambda: Standardize(scale=1.0), ValueError, "given together, got scale without mean"),
        (lambda: Standardize(0.0, [1.0, 0.0]), ValueError, "scale must be above 0, got 0.0"),
        (lambda: Standardize(0.0, np.nan), ValueError, "scale must be finite"),
        (lambda: Standardize([[0.0]], 1.0), ValueError, "mean must be a number for each input"),
        (lambda: Standardize(0.0, 1.0, with_mean=False), ValueError, "mean must not be given"),
        (lambda: Standardize(with_mean=0), TypeError, "with_mean must be True or False, got 0"),
        (lambda: make(Standardize([1.0] * 3, 1.0)), ValueError, r"shape \(4,\), got \(3,\)"),
        (
            lambda: Network(4, [Dense(2), Standardize()]), ValueError,
            "Standardize must be the first layer, got it as layer 1",
        ),
        (lambda: Network(4, [Standardize()]), ValueError, "at least one Dense, got none"),
        (
            lambda: make(Standardize(0.0, 1.0)).handle(), ValueError,
            "frozen must be True for a network with Standardize",
        ),
        (
            lambda: OnlineRegressor(make(Standardize(0.0, 1.0))), ValueError,
            "network must be without Standardize",
        ),
        (
            lambda: ReferenceNetwork.like(make(Standardize(0.0, 1.0))), ValueError,
            "net must be without Standardize",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_it_is_read_only():
    net = make(Standardize(0.0, 1.0))
    with pytest.raises(AttributeError, match="standardize must stay as the network was made"):
        net.standardize = None
    with pytest.raises(ValueError, match="read-only"):
        net.standardize.mean[0] = 1


# ---- copies, files, what is shown ----------------------------------------------------------------


TWINS = [copy.copy, copy.deepcopy, saved_and_loaded, lambda net: pickle.loads(pickle.dumps(net))]


@pytest.mark.parametrize("twin_of", TWINS)
@pytest.mark.parametrize("with_mean", [True, False])
def test_copies_and_files(data, with_mean, twin_of):
    net = make(Standardize(with_mean=with_mean))
    twin = twin_of(net)
    assert twin.standardize.scale is None
    assert twin.standardize.with_mean == with_mean
    net.fit(*data, optimizer="adam")
    twin = twin_of(net)
    np.testing.assert_array_equal(net.predict(data[0]), twin.predict(data[0]))
    for each in (net, twin):
        each.fit(*data, resume=True)
    np.testing.assert_array_equal(net.params, twin.params)
    assert repr(twin) == repr(net)


def test_a_file_without_it_is_for_an_earlier_fastnn_too():
    headers = []
    for net in (make(), make(Standardize())):
        with np.load(saved(net)) as content:
            headers.append(json.loads(content["header"].tobytes()))
    assert "standardize" not in headers[0]
    assert headers[1]["standardize"] == {"with_mean": True, "is_known": False}


def test_a_twin_with_the_layers_and_it_is_the_same(data):
    net = make(Standardize())
    net.fit(*data)
    twin = Network(4, [net.standardize, *net.layers], loss="half_sse")
    np.testing.assert_array_equal(net.predict(data[0]), twin.predict(data[0]))


def test_what_is_shown():
    assert repr(Standardize()) == "Standardize()"
    assert repr(Standardize(with_mean=False)) == "Standardize(with_mean=False)"
    assert repr(Standardize(1.0, 2.0)) == "Standardize(mean=1.0, scale=2.0)"
    step = Standardize(np.arange(5) / 3, np.ones(5))
    assert repr(step) == (
        "Standardize(mean=[0.0, 0.3333, 0.6667, 1.0, ...], scale=[1.0, 1.0, 1.0, 1.0, ...])"
    )
    assert repr(make(Standardize())).startswith("Network(4, [Standardize(), Dense(7, 'tanh', l2=")
    lines = make(Standardize()).summary().splitlines()
    assert lines[1].split() == ["(4,)", "standardize,", "not", "fitted", "0", "0"]
    assert make(Standardize(0.0, 1.0)).summary().splitlines()[1].split()[1] == "standardize"


# ---- folded, populations, handles ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
def test_folded(data, bias, dtype):
    net = make(Standardize(), bias=bias, dtype=dtype)
    net.fit(*data, epochs=3, batch_size=8)
    net.trainable, net.metadata["unit"] = [False, True], "m"
    folded = net.folded()
    assert (folded.standardize, folded.dtype) == (None, net.dtype)
    assert (folded.trainable, folded.metadata) == ((False, True), {"unit": "m"})
    tolerance = {"float64": 1e-12, "float32": 2e-5}[dtype]
    np.testing.assert_allclose(folded.predict(data[0]), net.predict(data[0]), atol=tolerance)
    mean, scale, W = net.standardize.mean, net.standardize.scale, net.weights[0]
    np.testing.assert_allclose(folded.weights[0], W / scale[:, None], rtol=1e-6)
    b = (net.biases[0] if bias else 0) - mean / scale @ W
    np.testing.assert_allclose(folded.biases[0], b, rtol=1e-4)
    folded.fit(*data, learning_rate=1e-5)  # and it is a network as any other
    folded.metadata["unit"] = "km"
    assert net.metadata["unit"] == "m"


def test_folded_far_from_0_it_is_in_float64(data):
    X = data[0] + 1e7
    net = make(Standardize(), dtype="float32")
    net.fit(X, data[1], epochs=3, batch_size=8)
    folded = net.folded()
    assert folded.dtype == np.float64
    np.testing.assert_allclose(folded.predict(X), net.predict(X), atol=1e-5)


def test_folded_without_a_mean_it_needs_no_biases():
    net = Network(1, [Standardize(scale=2.0, with_mean=False), Dense(1, bias=False)], seed=0)
    assert net.folded().biases == (None,)
    np.testing.assert_array_equal(net.folded().weights[0], net.weights[0] / 2)


def test_a_network_without_it_is_copied():
    net = make()
    folded = net.folded()
    assert folded is not net
    np.testing.assert_array_equal(folded.params, net.params)


def test_a_frozen_handle_predicts_from_inputs_as_they_are(data):
    net = make(Standardize())
    net.fit(*data, epochs=3, batch_size=8)
    outputs = np.empty((60, 2))
    core.predict_rows(net.handle(frozen=True), data[0], outputs)
    np.testing.assert_allclose(outputs, net.predict(data[0]), atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"folds": 3}])
def test_a_population_trains_as_each_network_alone(data, options):
    X, Y = data
    firsts = [(Standardize(),), (Standardize(),), (), (Standardize(with_mean=False),)]
    population = Population(make(*first, seed=k) for k, first in enumerate(firsts))
    population.fit(X, Y, epochs=2, batch_size=8, learning_rate=1e-4, n_threads=2, **options)
    outputs = population.outputs(X)
    np.testing.assert_allclose(population.predict(X).mean, outputs.mean(axis=0), rtol=1e-12)
    for k, net in enumerate(population):
        np.testing.assert_array_equal(net.predict(X), outputs[k])
    if options:
        held = population.held_rows[0]
        check_moments(population[0].standardize, *moments(np.delete(X, held, axis=0)))
        assert np.isfinite(population.predict(X, out_of_fold=True).mean).all()
        return
    for k, first in enumerate(firsts):
        alone = make(*first, seed=k)
        alone.fit(X, Y, epochs=2, batch_size=8, learning_rate=1e-4)
        np.testing.assert_array_equal(alone.params, population[k].params)
