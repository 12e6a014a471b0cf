"""Several outputs in all that trains, asks, keeps or sends a network."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from fastnn import Dense, DivergenceError, FormatError, Heads, Network, Population
from fastnn.callbacks import EarlyStopping
from fastnn.exchange import from_onnx, to_onnx, to_sklearn
from fastnn.initializers import constant

from ..core.test_api import add_rows, predict_many
from ..support.files import saved, saved_and_loaded
from ..support.functions import bent, picky, tilted

N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
RAIN, SKY, WARMTH = RNG.integers(0, 2, N), RNG.integers(0, 3, N), RNG.normal(size=N)
Y = [RAIN, SKY, WARMTH]
COLUMNS = np.column_stack([RAIN, np.eye(3)[SKY], WARMTH])


def make(seed=0, dtype="float64"):
    """Return a network of a chance, three classes, and a number with its spread."""
    heads = Heads(
        rain=Dense(1, "sigmoid"), sky=Dense(3, "softmax"), warmth=Dense(2, "mean_and_spread")
    )
    losses = {
        "warmth": "gaussian_nll", "rain": "binary_cross_entropy", "sky": ("cross_entropy", 0.5)
    }  # fmt: skip
    return Network(3, [Dense(5, "tanh"), heads], loss=losses, seed=seed, dtype=dtype)


# ---- targets -------------------------------------------------------------------------------------


def test_forms_of_the_targets():
    by_name = dict(zip(("rain", "sky", "warmth"), Y, strict=True))
    labels = np.column_stack([RAIN, SKY, WARMTH])
    nets = [make() for _ in range(5)]
    for net, y in zip(nets, (Y, tuple(Y), by_name, COLUMNS, labels), strict=True):
        net.fit(X, y)
        assert_array_equal(net.params, nets[0].params)
    chunks = make()
    chunks.fit([(X[:0], [part[:0] for part in Y]), (X, Y)])
    assert_array_equal(chunks.params, nets[0].params)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_columns_of_a_frame_go_by_name(library):
    frames, nets = pytest.importorskip(library), [make(), make()]
    nets[0].fit(X, Y)
    nets[1].fit(X, frames.DataFrame({"warmth": WARMTH, "rain": RAIN, "sky": SKY}))
    assert_array_equal(nets[1].params, nets[0].params)
    other = frames.DataFrame({"storm": RAIN, "sky": SKY, "warmth": WARMTH})
    message = r"a column for each head \(rain, sky, warmth\), got storm, sky, warmth: rename them"
    for act in (nets[1].fit, nets[1].loss, nets[1].partial_fit):
        with pytest.raises(ValueError, match=message):
            act(X, other)
    assert_array_equal(nets[1].params, nets[0].params)
    unnamed = Network(3, [Heads(Dense(1), Dense(1))], seed=0)  # whose columns go by position
    assert unnamed.loss(X, frames.DataFrame({"p": RAIN, "q": WARMTH})) == unnamed.loss(
        X, [RAIN, WARMTH]
    )


def test_a_row_at_a_time():
    nets = [make() for _ in range(3)]
    nets[0].partial_fit(X[:8], [part[:8] for part in Y])
    for x, *y in zip(X[:8], *Y, strict=False):
        nets[1].partial_fit(x, y)
        nets[2].partial_fit(x, np.array(y))
    for net in nets[1:]:
        assert_allclose(net.params, nets[0].params, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([RAIN, SKY], r"y must hold 3 arrays, one for each head \(rain, sky, warmth\), got 2"),
        ({"rain": RAIN}, "y must have targets for rain, sky, warmth, got rain"),
        ([RAIN, SKY, WARMTH[:5]], r"head warmth: y must have shape \(40, 1\), got \(5,\)"),
        ([RAIN, SKY + 1, WARMTH], "head sky: y must hold class labels 0 ... 2, got 1 ... 3"),
        ([RAIN + 1, SKY, WARMTH], "head rain: y must be from 0 to 1"),
        (RAIN, r"one array of 5 columns \(1 of rain, 3 of sky, 1 of warmth\), or of 3, .* \(40,\)"),
        (COLUMNS[:, :4], r"got shape \(40, 4\)"),
    ],
)
def test_bad_targets_change_nothing(y, message):
    net = make()
    before = net.params.copy()
    with pytest.raises(ValueError, match=message):
        net.fit(X, y)
    assert_array_equal(net.params, before)
    assert not net.history.epoch


# ---- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Heads(Dense(1)), ValueError, "Heads must hold two or more, got 1"),
        (lambda: Heads(Dense(1), 3), TypeError, "a head must be a Dense, got 3"),
        (lambda: Heads(Dense(1), Heads(Dense(1), Dense(1))), TypeError, "a head must be a Dense"),
        (
            lambda: Heads(**{"": Dense(1), "b": Dense(1)}),
            ValueError,
            "one character or more, got ''",
        ),
        (lambda: Heads(val=Dense(1), b=Dense(1)), ValueError, "not val, by which History"),
        (lambda: Heads(Dense(1), head_0=Dense(1)), ValueError, "a name of its own, .* got head_0"),
        (lambda: Heads(Dense(1, l2=0.1), Dense(1)), ValueError, "the same l2, .* got 0.1, 0.0"),
        (lambda: Network(1, [Heads(Dense(1), Dense(1)), Dense(1)]), ValueError, "Heads must be on"),
    ],
)
def test_heads_that_cannot_be(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("loss", "error", "message"),
    [
        (["mse"], ValueError, r"one for each head \(head_0, head_1\), got 1"),
        (["mse", "cross_entropy"], ValueError, "head head_1: cross_entropy must follow a softmax"),
        (["mse", ("mse", -1)], ValueError, "head head_1: the weight of a loss must be at least 0"),
        (["mse", ("mse", 1, 2)], ValueError, "head head_1: loss must be one, or a pair"),
        (["mse", 3], ValueError, "head head_1: loss must be one of"),
        ([("mse", 0), ("mse", 0)], ValueError, "a weight above 0 for a head"),
        ({"head_0": "mse", "b": "mse"}, ValueError, "one for each head .* got head_0, b"),
    ],
)
def test_losses_that_cannot_be(loss, error, message):
    with pytest.raises(error, match=message):
        Network(1, [Heads(Dense(1), Dense(2))], loss=loss)


def test_a_list_of_losses_needs_heads():
    with pytest.raises(ValueError, match="loss must be one where the last layer is no Heads"):
        Network(1, [Dense(2)], loss=["mse", "mse"])
    with pytest.raises(TypeError, match="no argument 'loss_weights'; did you mean loss"):
        Network(1, [Heads(Dense(1), Dense(1))], loss="mse", loss_weights=[1, 2])


# ---- training ------------------------------------------------------------------------------------


def test_metrics_of_heads():
    def right(y, outputs):
        return (y[1] == outputs[1].argmax(axis=1)).mean()

    net = make()
    metrics = ["accuracy", "sky_mse", right]
    history = net.fit(X, Y, epochs=2, metrics=metrics, validation_data=(X, Y))
    own = [name for name in history if not name.startswith("val_")]
    losses = ["rain_loss", "sky_loss", "warmth_loss"]
    assert own == ["loss", *losses, "rain_accuracy", "sky_accuracy", "sky_mse"]
    chances, skies, _ = net.predict(X)
    assert history["val_rain_accuracy"][-1] == ((chances[:, 0] > 0.5) == RAIN).mean()
    assert history["val_sky_accuracy"][-1] == (skies.argmax(axis=1) == SKY).mean()
    assert history["val_right"] == history["val_sky_accuracy"]
    expected = ((skies - np.eye(3)[SKY]) ** 2).mean()
    assert history["val_sky_mse"][-1] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="head warmth: metrics must be none for the loss gaussia"):
        net.fit(X, Y, metrics=["warmth_mae"])
    with pytest.raises(ValueError, match="class_weight must be left out with Heads"):
        net.fit(X, Y, class_weight="balanced")


def test_r2_is_of_the_heads_of_numbers():
    net = Network(3, [Heads(Dense(1, "sigmoid"), size=Dense(1))], seed=0)
    history = net.fit(X, [RAIN, WARMTH], metrics=["r2"], validation_fraction=0.25)
    assert [name for name in history if "r2" in name] == ["val_size_r2"]


def test_ways_of_training():
    nets = [make(), make()]
    for net in nets:
        before = net.loss(X, Y)
        net.fit(X, Y, epochs=5, batch_size=None, optimizer="lbfgs")
        assert net.loss(X, Y) < before
        stopping = EarlyStopping("val_sky_accuracy", patience=3)
        net.fit(X, Y, epochs=9, batch_size=8, optimizer="adam", validation_fraction=0.2,
                sample_weight=np.ones(N), metrics=["accuracy"], callbacks=[stopping])  # fmt: skip
        assert stopping.best_epoch is not None
    assert_array_equal(nets[0].params, nets[1].params)


def test_a_population_is_its_networks():
    population, alone = Population(make(seed) for seed in range(3)), make(1)
    population.fit(X, Y, epochs=2, n_threads=2)
    alone.fit(X, Y, epochs=2)
    assert_array_equal(population[1].params, alone.params)
    parts = alone.layers[-1].split(population.outputs(X)[1])
    for part, expected in zip(parts, alone.predict(X), strict=True):
        assert_array_equal(part, expected)
    assert population.best("sky_loss").index in range(3)


@pytest.mark.parametrize("out_of_fold", [False, True])
def test_a_population_predicts_each_head(out_of_fold):
    population = Population(make(seed) for seed in range(3))
    population.fit(X, Y, folds=3)
    split = population[0].layers[-1].split
    mean, spread = population.predict(X, out_of_fold=out_of_fold)
    outputs = np.array([np.hstack(net.predict(X)) for net in population])
    if out_of_fold:  # each row by the one network that has held it out
        order = np.argsort(np.concatenate(population.held_rows))
        held = [own[rows] for own, rows in zip(outputs, population.held_rows, strict=True)]
        outputs = np.concatenate(held)[order][None]
    for got, all_outputs in [(mean, outputs.mean(axis=0)), (spread, outputs.std(axis=0))]:
        assert isinstance(got, tuple)
        for part, expected in zip(got, split(all_outputs), strict=True):
            np.testing.assert_allclose(part, expected, rtol=1e-12, atol=1e-15)
    if not out_of_fold:
        assert_array_equal(population.predict(X[3]).mean[1], mean[1][3])


def test_a_mean_is_over_the_same_heads():
    one, other = (Heads(a=Dense(n), b=Dense(3 - n)) for n in (1, 2))
    networks = [Network(3, [layer], seed=k) for k, layer in enumerate([one, other, Dense(3)])]
    message = r"got a of 1, b of 2 at 0 and a of 2, b of 1 at 1; `outputs` has what each says"
    with pytest.raises(ValueError, match=message):
        Population(networks).predict(X)
    with pytest.raises(ValueError, match=r"b of 2 at 0 and none at 1"):
        Population(networks[::2]).predict(X)
    assert Population(networks).outputs(X).shape == (3, N, 3)


def test_a_fault_names_the_function():
    net = Network(3, [Heads(Dense(1), Dense(1))], loss=["mse", picky], seed=0)
    before = net.params.copy()
    with pytest.raises(DivergenceError, match="the loss picky raised ValueError: y is too low"):
        net.fit(X, [WARMTH, np.full(N, -3.0)])
    assert_array_equal(net.params, before)


# ---- asking --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_handle_has_the_outputs_side_by_side(dtype):
    net, rows = make(dtype=dtype), X.astype(dtype)
    targets = np.column_stack([COLUMNS, WARMTH]).astype(dtype)  # one for each output
    handle, got = net.handle(), np.zeros((N, 6), dtype)
    predict_many(handle, rows, got)
    assert_array_equal(got, np.hstack(net.predict(rows)))
    value = add_rows(handle, rows, targets, np.full(N, 1 / N, dtype))
    assert_allclose(value / N, net.loss(rows, Y), rtol=1e-5)
    assert_allclose(handle.grad, net.gradient(rows, Y), rtol=1e-3, atol=1e-6)


def test_outputs_of_a_table_and_of_a_row():
    net = make()
    outputs = net.predict(X)
    assert [part.shape for part in outputs] == [(N, 1), (N, 3), (N, 2)]
    for part, expected in zip(net.predict(X[0]), outputs, strict=True):
        assert_array_equal(part, expected[0])
    assert_array_equal(np.hstack(outputs), net.hidden(X)[-1])
    with pytest.raises(ValueError, match=r"outputs must have 6 columns, got shape \(40, 3\)"):
        net.layers[-1].split(X)
    assert "rain 1 sigmoid, sky 3 softmax, warmth 2 mean_and_spread" in net.summary().rows[2]


def test_a_head_alone_is_a_network():
    net = make()
    layers = [*net.layers[:-1], net.layers[-1].heads[1]]
    alone = Network(3, layers, loss=net.loss_function.losses[1])
    assert_allclose(alone.predict(X), net.predict(X)[1], rtol=1e-13)
    twin = Network(3, net.layers, loss=net.loss_function)
    assert_array_equal(twin.params, net.params)
    assert repr(twin) == repr(net)


def test_given_weights_and_drawn_ones():
    heads = Heads(Dense(1, weights=[[1], [2], [3]]), Dense(2, bias_initializer=constant(1.0)))
    net = Network(3, [heads], seed=0)
    assert_array_equal(net.weights[0][:, 0], [1, 2, 3])
    assert_array_equal(net.weights[0][:, 1:], Network(3, [Dense(2)], seed=0).weights[0])
    assert_array_equal(net.biases[0], [0, 1, 1])
    with pytest.raises(ValueError, match=r"head head_0: weights must have shape \(3, 1\)"):
        Network(3, [Heads(Dense(1, weights=[[1]]), Dense(1))])


# ---- keeping and sending -------------------------------------------------------------------------


def test_copies_and_files_resume_to_the_bit():
    net = make()
    net.fit(X, Y, optimizer="adam")
    twins = [copy.deepcopy(net), pickle.loads(pickle.dumps(net)), saved_and_loaded(net)]
    net.fit(X, Y, resume=True)
    for twin in twins:
        assert (repr(twin), twin.loss_function) == (repr(net), net.loss_function)
        twin.fit(X, Y, resume=True)
        assert_array_equal(twin.params, net.params)
        assert twin.history["sky_loss"] == net.history["sky_loss"]


def test_a_file_takes_the_users_functions_back():
    net = Network(3, [Heads(Dense(1, bent), b=Dense(1))], loss=["mse", (tilted, 2)], seed=0)
    file = saved(net)
    with pytest.raises(FormatError, match="the loss tilted must be given"):
        Network.load(file)
    file.seek(0)
    twin = Network.load(file, functions=[tilted, bent])
    assert_array_equal(twin.predict(X), net.predict(X))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_onnx_has_an_output_for_each_head(tmp_path, dtype):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    net, path = make(), tmp_path / "net.onnx"
    to_onnx(net, path, dtype=dtype)
    session = runtime.InferenceSession(path)
    assert [output.name for output in session.get_outputs()] == ["rain", "sky", "warmth"]
    outputs = session.run(None, {"input": X.astype(dtype)})
    for got, expected in zip(outputs, net.predict(X), strict=True):
        assert_allclose(got, expected, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-7)
    with pytest.raises(ValueError, match="must have one output, got the heads rain, sky, warmth"):
        from_onnx(path)


def test_what_has_one_output_refuses_heads():
    net = make()
    pytest.importorskip("sklearn")
    with pytest.raises(ValueError, match="export one head at a time"):
        to_sklearn(net)
