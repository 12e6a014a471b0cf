"""The estimators in the hands of river, and of its users."""

import copy
import subprocess
import sys

import numpy as np
import pytest
from river import (
    base,
    compose,
    datasets,
    drift,
    ensemble,
    evaluate,
    feature_extraction,
    metrics,
    preprocessing,
    stream,
)
from river.datasets import synth

from fastnn import Dense
from fastnn.optimizers import Adam
from fastnn.river import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.compiled


def scored(model, data, metric=None):
    return evaluate.progressive_val_score(data, model, metric or metrics.Accuracy()).get()


def rows(n_rows=60):
    random = np.random.default_rng(0)
    for t in range(n_rows):
        a, b = random.normal(size=2).tolist()
        yield {"a": a, "b": b}, ("low" if a < b else "high") if t < 40 else "other"


def test_they_are_of_river():
    assert isinstance(MLPClassifier(), base.MiniBatchClassifier)
    assert isinstance(MLPRegressor(), base.MiniBatchRegressor)
    assert isinstance(preprocessing.StandardScaler() | MLPClassifier(), base.Classifier)


@pytest.mark.parametrize(("data", "least"), [(datasets.Phishing, 0.88), (datasets.Bananas, 0.78)])
def test_a_pipeline_learns(data, least):
    assert scored(preprocessing.StandardScaler() | MLPClassifier(seed=0), data()) > least
    model = preprocessing.StandardScaler() | MLPClassifier(
        hidden=(16,), optimizer="adam", learning_rate=0.01, seed=0
    )
    assert scored(model, data()) > least


def test_many_classes_and_other_metrics():
    model = preprocessing.StandardScaler() | MLPClassifier(seed=0)
    assert scored(model, datasets.ImageSegments(), metrics.MacroF1()) > 0.8
    model = preprocessing.StandardScaler() | MLPClassifier(seed=0)
    assert scored(model, datasets.Phishing(), metrics.ROCAUC()) > 0.93


def test_regression():
    model = preprocessing.TargetStandardScaler(
        preprocessing.StandardScaler() | MLPRegressor(seed=0)
    )
    constant = preprocessing.TargetStandardScaler(MLPRegressor(hidden=(), learning_rate=1e-9))
    data = synth.Friedman(seed=0)
    got, expected = (scored(m, data.take(3000), metrics.MAE()) for m in (model, constant))
    assert got < expected / 2


def test_text_brings_features():
    data = [
        ("good good day", True),
        ("bad rain", False),
        ("a good one", True),
        ("rain again", False),
    ]
    model = feature_extraction.BagOfWords() | MLPClassifier(learning_rate=0.05, seed=0)
    for _ in range(50):
        for text, label in data:
            model.learn_one(text, label)
    assert [model.predict_one(text) for text, _ in data] == [True, False, True, False]
    assert model.predict_one("good, never seen") is True
    assert set(model["MLPClassifier"].features) == {"good", "day", "bad", "rain", "one", "again"}


def test_words_of_a_table_of_sparse_rows_are_few():
    hot = compose.SelectType(str) | preprocessing.OneHotEncoder()
    model = hot | MLPClassifier(seed=0)
    for t in range(300):
        model.learn_one({"city": f"city {t % 30}", "n": 1.0}, t % 30 < 15)
    assert all(model.predict_one({"city": f"city {k}"}) is (k < 15) for k in range(30))


def test_the_models_of_river_that_take_others():
    bagging = ensemble.ADWINBaggingClassifier(MLPClassifier(seed=0), n_models=3, seed=0)
    assert scored(preprocessing.StandardScaler() | bagging, datasets.Phishing()) > 0.87
    retrained = drift.DriftRetrainingClassifier(MLPClassifier(seed=0), drift.binary.DDM())
    assert scored(preprocessing.StandardScaler() | retrained, datasets.Phishing()) > 0.85


def test_a_clone_has_the_parameters_and_is_untrained():
    optimizer = Adam(betas=(0.8, 0.99))
    model = MLPClassifier((Dense(4, "tanh"), 3), "elu", optimizer, 0.02, "float32", seed=7)
    for x, y in rows():
        model.learn_one(x, y)
    clone, again = model.clone(), model.clone()
    assert repr(clone) == repr(model)
    assert (clone.optimizer, clone.learning_rate, clone.seed) == (optimizer, 0.02, 7)
    assert clone.features == ()
    assert clone.classes == []
    for x, y in rows():
        clone.learn_one(x, y)
    np.testing.assert_array_equal(clone.to_network().params, model.to_network().params)
    again = again.clone({"seed": 8})
    for x, y in rows():
        again.learn_one(x, y)
    assert (again.to_network().params != model.to_network().params).any()


def test_a_clone_without_a_seed_has_other_weights():
    models = [MLPClassifier(), MLPClassifier().clone()]
    for model in models:
        model.learn_one({"a": 1.0}, "x")
    first, second = (model.to_network().weights[0] for model in models)
    assert (first != second).any()


def test_learn_one_returns_nothing():
    assert MLPClassifier().learn_one({"a": 1.0}, True) is None
    assert MLPRegressor().learn_one({"a": 1.0}, 1.0) is None


def test_weights_of_samples_reach_the_network():
    data = [(x, y, {"w": 2.0}) for x, y in rows()]
    weighted, plain = MLPClassifier(seed=0), MLPClassifier(seed=0)
    evaluate.progressive_val_score(data, weighted, metrics.Accuracy())
    for x, y in rows():
        plain.learn_one(x, y)
    assert (weighted.to_network().params != plain.to_network().params).any()


@pytest.mark.parametrize("model", [MLPClassifier(seed=0), MLPRegressor(seed=0)], ids=str)
@pytest.mark.parametrize(
    ("bad", "kind", "message"),
    [
        (None, ValueError, "the feature 'new' must be finite, got None; leave out what is missing"),
        (float("nan"), ValueError, "the feature 'new' must be finite, got nan"),
        ("x", TypeError, "the feature 'new' must be a number, got 'x'; encode texts as numbers"),
    ],
)
def test_a_refused_sample_leaves_nothing_behind(model, bad, kind, message):
    model, twin = copy.deepcopy(model), copy.deepcopy(model)
    is_classifier = isinstance(model, MLPClassifier)
    for x, y in rows():
        for label in ("new", None) if is_classifier else (1.0, None, "text"):
            with pytest.raises((kind, ValueError, TypeError)):
                model.learn_one(x | {"new": bad}, label)
        with pytest.raises(kind, match=message):
            model.learn_one(x | {"new": bad}, y if is_classifier else 1.0)
        for one in (model, twin):
            one.learn_one(x, y if is_classifier else len(y))
    assert model.features == ("a", "b")
    np.testing.assert_array_equal(model.to_network().params, twin.to_network().params)
    if is_classifier:
        assert model.classes == twin.classes


def test_a_class_is_something():
    with pytest.raises(ValueError, match="y must be a class, got None"):
        MLPClassifier().learn_one({"a": 1.0}, None)


def test_the_network_for_others():
    model = MLPClassifier(seed=0)
    for x, y in rows():
        model.learn_one(x, y)
    model.learn_one({"a": 1.0, "c": 2.0}, "low")
    net, x = model.to_network(), {"a": 0.5, "b": -1.0, "c": 2.0}
    assert (net.n_in, net.n_out) == (3, len(model.classes)) == (3, 3)
    expected = model.predict_proba_one(x)
    got = net.predict([x[name] for name in model.features])
    assert dict(zip(model.classes, got.tolist(), strict=True)) == expected


def test_a_stream_from_a_file(tmp_path):
    path = tmp_path / "table.csv"
    lines = ["a,b,y", *(f"{x['a']},{x['b']},{y}" for x, y in rows())]
    path.write_text("\n".join(lines), encoding="utf-8")
    for numbers in (["a", "b"], ["a"]):
        with path.open(encoding="utf-8") as file:
            data = stream.iter_csv(file, target="y", converters=dict.fromkeys(numbers, float))
            if "b" in numbers:
                assert 0.4 < scored(MLPClassifier(seed=0), data) < 1
                continue
            with pytest.raises(TypeError, match="the feature 'b' must be a number, got '"):
                scored(MLPClassifier(seed=0), data)


def test_without_river_the_extra_is_named():
    code = "import sys; sys.modules['river'] = None; import fastnn.river"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.endswith(
        'fastnn.river needs river, of the extra river: pip install "river>=0.26"\n'
    )
