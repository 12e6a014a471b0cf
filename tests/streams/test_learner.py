"""Models that grow: what is new, and what a refused row leaves behind: nothing."""

import copy
import pickle
import threading

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network
from fastnn._training.state import state_of
from fastnn.online import OnlineClassifier, OnlineRegressor
from fastnn.optimizers import NAMED

STREAM = [({"a": t / 7, "b": t % 3, "c": -1.0}, ("red", "green", "blue")[t % 3]) for t in range(30)]


def classifier(**options):
    return OnlineClassifier(**{"hidden": (8,), "seed": 0} | options)


def regressor(**options):
    return OnlineRegressor(**{"hidden": (8,), "seed": 0} | options)


def learnt(model, stream=STREAM, **options):
    for x, y in stream:
        if isinstance(model, OnlineRegressor) and isinstance(y, str):
            y = len(y)
        model.learn_one(x, y, **options)
    return model


def state_in(model):
    """All that a model knows, to be compared."""
    learner, net = model._learner, model.network
    known = model.features, getattr(model, "classes", None), learner._optimizer
    if net is None:
        return known
    state = state_of(net)
    arrays = [net.params, learner._spare]
    if state.training is not None:
        arrays += [state.training.slots, state.training.counters]
    bits = [(array.shape, array.tobytes()) for array in arrays]
    return known, repr(net), bits, state.random.bit_generator.state


def logits(model, x):
    """The pre-activations of the known classes, by the network as it is exported."""
    net = model.to_network()
    row = [x.get(name, 0.0) for name in model.features]
    return net.trace(row, np.eye(net.n_out)[0])[-1].z


# ---- growth --------------------------------------------------------------------------------------


def test_features_in_the_order_of_their_names():
    model = classifier().learn_one({"b": 1, "a": 2}, "x").learn_one({"c": 1, "B": 2, "a": 1}, "x")
    assert model.features == ("a", "b", "B", "c")
    mixed = classifier().learn_one({("n", 1): 1, 3: 1, "a": 1}, "x")
    assert mixed.features == (3, "a", ("n", 1))


def test_the_order_of_a_dict_has_no_effect():
    models = [
        learnt(classifier()),
        learnt(classifier(), [(dict([*x.items()][::-1]), y) for x, y in STREAM]),
    ]
    np.testing.assert_array_equal(models[0].network.params, models[1].network.params)


@pytest.mark.parametrize("hidden", [(), (3,), (8,), (40, 5)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_new_features_leave_the_logits_as_they_were(hidden, optimizer):
    model = learnt(classifier(hidden=hidden, optimizer=optimizer))
    for n in range(1, 9):
        before, twin = [logits(model, x) for x, _ in STREAM], copy.deepcopy(model)
        # Of weight 0: it brings the features, and no update.
        model.learn_one({f"new {n} {k}": 1.0 for k in range(n)}, "red", w=0.0)
        if optimizer == "sgd":
            for x, expected in zip(STREAM, before, strict=True):
                np.testing.assert_array_equal(logits(model, x[0]), expected)
        assert len(model.features) == len(twin.features) + n
        learnt(model), learnt(twin)
        for x, _ in STREAM:
            np.testing.assert_allclose(logits(model, x), logits(twin, x), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("hidden", [(), (8,)])
def test_new_classes_leave_the_logits_as_they_were(hidden):
    model = learnt(classifier(hidden=hidden, optimizer="sgd"))
    for n in range(3, 12):
        before = [logits(model, x) for x, _ in STREAM]
        model.learn_one({}, f"class {n}", w=0.0)
        for (x, _), expected in zip(STREAM, before, strict=True):
            got = logits(model, x)
            assert len(got) == n + 1
            if n == 4:  # five outputs are summed up in another order than four
                np.testing.assert_allclose(got[:n], expected, rtol=1e-12, atol=1e-14)
            else:
                np.testing.assert_array_equal(got[:n], expected)
    assert model.classes == ["red", "green", "blue", *(f"class {n}" for n in range(3, 12))][:12]


def test_a_new_feature_has_weights_as_the_initializer_draws_them():
    model = learnt(classifier(hidden=(200,)))
    learnt(model, [({f"new {k}": 0.0}, "red") for k in range(40)])
    new = model.to_network().weights[0][3:]
    bound = np.sqrt(6 / (48 + 200))  # of 48 inputs at the last growth; 24, 12 and 6 before it
    assert new.shape == (40, 200)
    assert new.all()
    assert bound < np.abs(new).max() < np.sqrt(6 / (3 + 200))
    assert np.abs(new[-10:]).max() < bound
    assert abs(new.mean()) < 0.01


def test_growth_is_rare():
    model, networks = regressor(), set()
    for n in range(300):
        model.learn_one({f"word {n}": 1.0}, float(n % 3))
        networks.add(id(model.network))
        assert model.network.n_in < 2 * (n + 1)
    assert model.network.n_in == 512
    assert model.to_network().n_in == 300


@pytest.mark.parametrize("name", [name for name in NAMED if name not in ("lbfgs", "irprop")])
def test_it_learns_with_what_is_new(name):
    rate = 0.5 if name == "adagrad" else 0.02
    model = OnlineRegressor(hidden=(), optimizer=name, learning_rate=rate, seed=0)
    random = np.random.default_rng(0)
    for t in range(6000):
        a, b = random.normal(size=2)
        x = {"a": a} if t < 2000 else {"a": a, "b": b}
        model.learn_one(x, 2 * a + (3 * b if t >= 2000 else 0) + 1)
    assert model.predict_one({"a": 1.0, "b": 1.0}) == pytest.approx(6, abs=0.1)
    assert model.predict_one({"b": 1.0}) == pytest.approx(4, abs=0.1)


def test_a_dict_without_features():
    model = classifier().learn_one({}, "a").learn_one({}, "b")
    assert model.features is None
    assert sum(model.predict_proba_one({}).values()) == pytest.approx(1)
    assert model.learn_one({"x": 1.0}, "a").features == ("x",)


def test_predictions_before_the_first_row():
    assert classifier().predict_one({"a": 1}) is None
    assert classifier().predict_proba_one({"a": 1}) == {}
    assert regressor().predict_one({"a": 1}) == 0.0
    assert classifier().network is None
    assert classifier().to_network() is None


def test_predictions_leave_out_what_is_not_known():
    model = learnt(classifier())
    expected = model.predict_proba_one({"a": 1.0})
    assert model.predict_proba_one({"a": 1.0, "b": 0.0, "c": 0, "z": 5.0}) == expected
    assert "z" not in model.features


def test_classes_may_be_named_ahead():
    model = classifier(classes=["x", "y"], features=["b", "a"])
    model.learn_one({"a": 1.0}, "y")
    assert (model.classes, model.features) == (["x", "y"], ("b", "a"))
    assert set(model.predict_proba_one({"a": 1.0})) == {"x", "y"}


def test_a_ready_network_may_grow():
    net = Network(2, [Dense(4, "relu"), Dense(2, "softmax")], loss="cross_entropy", seed=0)
    model = OnlineClassifier(net, grow=True).learn_one({"a": 1.0}, "x")
    assert model.network is net
    learnt(model)
    assert model.features == ("a", "b", "c")
    assert model.classes == ["x", "red", "green", "blue"]
    assert model.network is not net
    with pytest.raises(ValueError, match="features must be at most 2 different names, got 3"):
        OnlineClassifier(net, features="abc", grow=True)


def test_two_classes_of_one_output_stay_two():
    net = Network(1, [Dense(1, "sigmoid")], loss="binary_cross_entropy", seed=0)
    model = OnlineClassifier(net, grow=True)
    model.learn_one({"a": 1}, "x").learn_one({"a": 1, "b": 1}, "y")
    before = state_in(model)
    with pytest.raises(ValueError, match=r"y must be one of 2 classes, \['x', 'y'\]; got 'z'"):
        model.learn_one({"a": 1, "c": 1}, "z")
    assert state_in(model) == before


# ---- refused rows --------------------------------------------------------------------------------

REFUSED = [
    ({"a": 1.0, "new": None}, "red"),
    ({"a": 1.0, "new": "text"}, "red"),
    ({"a": 1.0, "new": float("nan")}, "red"),
    ({"a": 1.0, "new": 1.0, "b": None}, "violet"),
    ({"a": float("inf"), "new": 1.0}, "red"),
    ({"a": None, "b": 1.0, "c": 1.0}, "red"),
    ({"a": float("nan"), "b": 1.0, "c": 1.0}, "violet"),
    ({"a": 1.0, "b": "text"}, "red"),
    ({"a": 1e200, "new": 1.0}, "red"),
    ({"a": 1.0, "new": 1e200}, "violet"),
    ({"a": 1.0, "new": 1.0}, float("nan")),
    ({"a": 1.0, "new": 1.0}, ["red"]),
    ({f"new {k}": 1.0 for k in range(20)} | {"a": None}, "violet"),
    ([("a", 1.0), ("b", 1.0), ("c", None)], "red"),
]
ERRORS = (ValueError, TypeError, DivergenceError)


@pytest.mark.compiled  # NumPy warns of what overflows
@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_refused_row_leaves_nothing_behind(make, optimizer):
    # Of relu units, all may be 0 where a feature is 1e200: then nothing diverges.
    model, twin = (make(optimizer=optimizer, activation="leaky_relu") for _ in range(2))
    for t, (x, y) in enumerate(STREAM * 2):
        y = y if make is classifier else len(y)
        for bad, label in REFUSED:
            if make is regressor:
                label = {"red": 1.0, "violet": None}.get(label, label) if label != ["red"] else ""
            elif 1e200 in dict(bad).values():  # may be of the right class, without a loss
                continue
            before = state_in(model)
            with pytest.raises(ERRORS):
                model.learn_one(bad, label)
            assert state_in(model) == before, (t, bad, label)
        grown = {"d": 1.0} if t > 40 else {}
        model.learn_one(x | grown, y)
        twin.learn_one(x | grown, y)
        assert model.predict_one(x) == twin.predict_one(x)
    assert state_in(model) == state_in(twin)


def test_spare_inputs_are_given_back():
    model = learnt(regressor(hidden=()))
    model.learn_one({"d": 0.0}, 1.0)  # six inputs
    before, network = state_in(model), model.network
    with pytest.raises(DivergenceError, match="must stay finite") as caught:
        model.learn_one({"e": 1e200}, 1.0)
    assert "the columns are in the order of `features`" in caught.value.__notes__
    assert model.network is network
    assert not network.weights[0][4:].any()
    assert state_in(model) == before


@pytest.mark.parametrize("place", [0, 5])
def test_an_interrupt_leaves_nothing_behind(monkeypatch, place):
    model = learnt(classifier(), STREAM[:place])
    before = state_in(model)

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Network, "partial_fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.learn_one({"new": 1.0}, "violet")
    assert state_in(model) == before
    assert state_in(learnt(model)) == state_in(learnt(learnt(classifier(), STREAM[:place])))


def test_errors_name_what_is_wrong():
    model = learnt(regressor())
    for y, message in (
        ("5", "y must be a number, got '5'"),
        (None, "y must be a number, got None"),
    ):
        with pytest.raises(TypeError, match=message):
            model.learn_one({"a": 1.0}, y)
    with pytest.raises(ValueError, match="y must be finite, got nan"):
        model.learn_one({"a": 1.0}, float("nan"))
    with pytest.raises(ValueError, match="'b' must be finite, got None; leave out what is missing"):
        model.predict_one({"a": 1.0, "b": None})
    with pytest.raises(ValueError, match="w must be at least 0"):
        model.learn_one({"a": 1.0}, 1.0, w=-1.0)
    with pytest.raises(TypeError, match=r"y must be hashable, got \['red'\]"):
        classifier().learn_one({"a": 1.0}, ["red"])


# ---- training ------------------------------------------------------------------------------------


def test_steps_are_those_of_the_network():
    model = regressor(optimizer="adam", learning_rate=0.02)
    net = Network(3, [Dense(8, "relu"), Dense(1)], seed=0)
    for t, (x, y) in enumerate(STREAM):
        model.learn_one(x, len(y))
        options = {} if t else {"optimizer": "adam", "learning_rate": 0.02}
        net.partial_fit([x["a"], x["b"], x["c"]], len(y), **options)
    np.testing.assert_array_equal(model.network.params, net.params)


def test_weights_of_samples():
    model, net = regressor(optimizer="sgd"), Network(3, [Dense(8, "relu"), Dense(1)], seed=0)
    for t, (x, y) in enumerate(STREAM):
        model.learn_one(x, len(y), w=t % 3)
        if t % 3:
            net.partial_fit([[*x.values()]], [len(y)], sample_weight=[t % 3], learning_rate=0.01)
    np.testing.assert_array_equal(model.network.params, net.params)


def test_a_row_of_no_weight_is_checked():
    model = learnt(classifier())
    before = state_in(model)
    for x, y in (({"a": None}, "red"), ({"a": float("nan")}, "red"), ({"a": 1.0}, float("nan"))):
        with pytest.raises(ValueError, match="must be"):
            model.learn_one(x, y, w=0.0)
    assert state_in(model) == before
    model.learn_one({"a": 1.0}, "red", w=0.0)
    assert state_in(model) == before


@pytest.mark.parametrize("model", [classifier(dtype="float32"), regressor(loss="poisson")])
def test_other_dtypes_and_losses(model):
    learnt(model)
    assert np.isfinite(model.network.params).all()
    assert type(model.predict_one(STREAM[0][0])) in (str, float)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize(
    "model", [classifier(), regressor(), learnt(classifier()), learnt(regressor())]
)
def test_copies_go_on_alike_and_apart(model, duplicate):
    model = copy.deepcopy(model)
    twin = duplicate(model)
    learnt(model), learnt(model, [({"new": 1.0}, "violet")])
    before = state_in(twin)
    assert state_in(model) != before
    learnt(twin), learnt(twin, [({"new": 1.0}, "violet")])
    assert state_in(model) == state_in(twin)


@pytest.mark.compiled
def test_a_second_thread_that_trains_is_refused(monkeypatch):
    model, errors, inside, go_on = learnt(classifier()), [], threading.Event(), threading.Event()
    fit = Network.partial_fit

    def slow(*arguments, **options):
        inside.set()
        go_on.wait(60)
        return fit(*arguments, **options)

    monkeypatch.setattr(Network, "partial_fit", slow)
    thread = threading.Thread(target=model.learn_one, args=({"new": 1.0}, "violet"))
    thread.start()
    assert inside.wait(60)
    with pytest.raises(RuntimeError, match="by one thread at a time"):
        model.learn_one({"other": 1.0}, "red")
    go_on.set()
    thread.join()
    assert (model.features, model.classes[-1]) == (("a", "b", "c", "new"), "violet")
    assert not errors


def test_threads_predict_at_once():
    model = learnt(classifier())
    rows = [{"a": k / 10, "b": k % 5} if k % 2 else {"c": k / 7} for k in range(50)]
    expected, wrong = [model.predict_proba_one(x) for x in rows], []

    def predict():
        for _ in range(50):
            wrong.extend(
                p for x, p in zip(rows, expected, strict=True) if model.predict_proba_one(x) != p
            )

    threads = [threading.Thread(target=predict) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_network_may_be_replaced():
    model = learnt(classifier())
    twin = copy.deepcopy(model)
    model.network = model.to_network()
    assert model.predict_proba_one({"a": 1.0}) == twin.predict_proba_one({"a": 1.0})
    before = model.network
    with pytest.raises(ValueError, match="network must have inputs and outputs as"):
        model.network = Network(2, [Dense(3)])
    assert model.network is before
