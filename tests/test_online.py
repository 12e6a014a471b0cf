"""The adapter in river's manner."""

import subprocess
import sys

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.online import OnlineClassifier, OnlineRegressor
from fastnn.optimizers import Adam


def classifier(n_out=3, **options):
    activation, loss = ("sigmoid", "mse") if n_out == 1 else ("softmax", "cross_entropy")
    return OnlineClassifier(Network(2, [Dense(n_out, activation)], loss=loss, seed=0), **options)


def test_steps_are_those_of_partial_fit():
    nets = [Network(2, [Dense(3, "tanh"), Dense(1)], seed=0) for _ in range(2)]
    model = OnlineRegressor(nets[0], features=["a", "b"])
    for t in range(20):
        assert model.learn_one({"b": t / 7, "c": 9.0, "a": t % 3}, t / 10) is model
        nets[1].partial_fit([t % 3, t / 7], t / 10)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)
    assert model.predict_one({"a": 1, "b": 2}) == nets[1].predict([1, 2])[0]


def test_features_are_those_of_the_first_dict():
    model = classifier().learn_one({"x": 1, "y": 2}, "red")
    assert model.features == ("x", "y")
    with pytest.raises(ValueError, match=r"x must have the feature 'y', got \['x', 'z'\]"):
        model.learn_one({"x": 1, "z": 2}, "red")


@pytest.mark.parametrize("features", [["x"], ["x", "x"], ["x", "y", "z"]])
def test_features_must_match_the_inputs(features):
    with pytest.raises(ValueError, match="features must be 2 different names"):
        classifier(features=features)


def test_classes_turn_up():
    model = classifier()
    assert model.predict_one({"x": 1, "y": 2}) is None
    for label in ("red", 7, (1, 2)):
        model.learn_one({"x": 1, "y": 2}, label)
    assert model.classes == ["red", 7, (1, 2)]
    assert sum(model.predict_proba_one({"x": 1, "y": 2}).values()) == pytest.approx(1)
    before = model.network.params.copy()
    with pytest.raises(ValueError, match=r"y must be one of 3 classes, .*; got 'blue'"):
        model.learn_one({"x": 1, "y": 2}, "blue")
    np.testing.assert_array_equal(model.network.params, before)


def test_two_classes_by_one_output():
    model = classifier(n_out=1, classes=["no", "yes"])
    for t in range(500):
        model.learn_one({"x": t % 2, "y": 1}, "yes" if t % 2 else "no")
    assert [model.predict_one({"x": x, "y": 1}) for x in (0, 1)] == ["no", "yes"]
    assert sum(model.predict_proba_one({"x": 0, "y": 1}).values()) == pytest.approx(1)


def test_a_regressor_has_one_output():
    with pytest.raises(ValueError, match="network must have one output, got 2"):
        OnlineRegressor(Network(2, [Dense(2)]))


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, ValueError, "the feature 'sun' must be finite, got None"),
        (float("nan"), ValueError, "the feature 'sun' must be finite, got nan"),
        ("much", TypeError, "the feature 'sun' must be a number, got 'much'"),
    ],
)
def test_a_feature_that_is_no_number_is_named(value, kind, expected):
    x = {"rain": 1.0, "sun": value}
    regressor = OnlineRegressor(Network(2, [Dense(1)], seed=0))
    classifier = OnlineClassifier(
        Network(2, [Dense(2, "softmax")], loss="cross_entropy", seed=0), classes=["a", "b"]
    )
    for call in (
        lambda: regressor.learn_one(x, 1.0),
        lambda: regressor.predict_one(x),
        lambda: classifier.learn_one(x, "a"),
        lambda: classifier.predict_one(x),
    ):
        with pytest.raises(kind, match=expected):
            call()


@pytest.mark.parametrize("bad", [{"x": 1, "y": None}, {"x": "1", "y": 2}, {"x": 1, "y": np.nan}])
def test_a_refused_row_settles_nothing(bad):
    model = classifier()
    for call in (lambda: model.learn_one(bad, "red"), lambda: model.predict_one(bad)):
        with pytest.raises((ValueError, TypeError), match=r"the feature '[xy]' must be"):
            call()
        assert (model.features, model.classes) == (None, [])
    model.learn_one({"b": 1, "a": 2}, "blue")
    assert (model.features, model.classes) == (("b", "a"), ["blue"])
    with pytest.raises(ValueError, match="x must have the feature 'b'"):
        model.learn_one({"a": 1}, "green")
    with pytest.raises(ValueError, match="the feature 'a' must be finite, got None"):
        model.learn_one({"b": 1, "a": None}, "green")
    assert model.classes == ["blue"]


@pytest.mark.parametrize("missing", [None, float("nan"), np.datetime64("NaT"), "pandas.NA"])
def test_what_is_missing_is_no_class(missing):
    if isinstance(missing, str):
        missing = pytest.importorskip("pandas").NA
    for model in (OnlineClassifier(seed=0), classifier()):
        model.learn_one({"b": 1, "a": 2}, "blue")
        before = model.network.params.copy()
        with pytest.raises(ValueError, match="y must be a class, got"):
            model.learn_one({"b": 1, "a": 2}, missing)
        assert model.classes == ["blue"]
        np.testing.assert_array_equal(model.network.params, before)
    with pytest.raises(ValueError, match="y must be a class, got"):
        OnlineClassifier(classes=["blue", missing])


@pytest.mark.parametrize("x", [np.zeros(2), [1.0, 2.0], 5])
@pytest.mark.parametrize("grow", [None, True])
def test_a_row_is_a_dict(x, grow):
    model = classifier(grow=grow).learn_one({"b": 1, "a": 2}, "blue")
    for call in (lambda: model.learn_one(x, "blue"), lambda: model.predict_one(x)):
        with pytest.raises(TypeError, match="x must be a dict of features, got"):
            call()


def test_a_feature_has_a_name_that_is_found_again():
    """Each NaN is a key of its own, so it would be a new feature in every row."""
    nan, message = float("nan"), "a feature must have a name that equals itself, got nan"
    for grow in (None, True):
        model = classifier(grow=grow)
        with pytest.raises(ValueError, match=message):
            model.learn_one({"a": 1, nan: 2}, "blue")
        assert (model.features, model.classes) == (None, [])
    with pytest.raises(ValueError, match=message):
        classifier(features=["a", nan])


def test_a_network_of_no_features_has_one_input():
    model = OnlineClassifier(seed=0)
    for label in ("blue", "red", "red"):
        model.learn_one({}, label)
    net = model.to_network()
    assert (model.features, net.n_in) == (None, 1)
    assert dict(zip(model.classes, net.predict([0.0]).tolist(), strict=True)) == (
        model.predict_proba_one({})
    )


def test_a_first_prediction_settles_the_features():
    model = classifier()
    model.predict_proba_one({"b": 1, "a": 2})
    assert model.features == ("b", "a")


def test_the_optimiser_may_be_given_with_a_network():
    nets = [Network(2, [Dense(3, "tanh"), Dense(1)], seed=0) for _ in range(2)]
    model = OnlineRegressor(nets[0], optimizer=Adam(betas=(0.5, 0.9)), learning_rate=0.02)
    for t in range(20):
        model.learn_one({"a": t % 3, "b": t / 7}, t / 10)
        given = {} if t else {"optimizer": Adam(betas=(0.5, 0.9)), "learning_rate": 0.02}
        nets[1].partial_fit([t % 3, t / 7], t / 10, **given)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)


def test_a_refused_first_row_leaves_the_optimiser_for_the_next():
    net, twin = (Network(1, [Dense(1)], seed=0) for _ in range(2))
    model = OnlineRegressor(net, optimizer="adam", learning_rate=0.5)
    with pytest.raises(ValueError, match="must be finite"):
        model.learn_one({"a": None}, 1.0)
    model.learn_one({"a": 1.0}, 1.0)
    twin.partial_fit([1.0], 1.0, optimizer="adam", learning_rate=0.5)
    np.testing.assert_array_equal(net.params, twin.params)


def test_river_is_not_needed():
    code = "import sys; import fastnn.online; sys.exit('river' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
