"""Exceptions and their texts are scikit-learn's."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import fastnn.sklearn
from fastnn.sklearn import MLPClassifier, MLPRegressor

from .twins import error_of, make_ours, make_samples, make_targets, make_twins, of_both

X = make_samples()
PARAMETERS = [
    {"alpha": -1e-4},
    {"batch_size": 0},
    {"batch_size": "all"},
    {"batch_size": None},
    {"learning_rate_init": 0},
    {"power_t": -0.5},
    {"max_iter": 0},
    {"max_iter": 1.5},
    {"shuffle": "yes"},
    {"random_state": "one"},
    {"tol": -1},
    {"verbose": "loud"},
    {"warm_start": None},
    {"momentum": 1.5},
    {"nesterovs_momentum": "no"},
    {"early_stopping": "maybe"},
    {"validation_fraction": 1.0},
    {"beta_1": 1.0},
    {"beta_2": -0.1},
    {"epsilon": 0.0},
    {"n_iter_no_change": 0},
    {"max_fun": 0},
    {"hidden_layer_sizes": 0},
    {"hidden_layer_sizes": (3, 0)},
    {"hidden_layer_sizes": "three"},
]


def nan_in(array):
    """Return a copy whose first element is NaN."""
    array = np.array(array, dtype=float)
    array.flat[0] = np.nan
    return array


DATA = {
    "too few targets": (X, np.arange(5)),
    "no targets": (X, None),
    "infinity in X": (np.where(X > 1, np.inf, X), "y"),
    "one dimension": (X[:, 0], "y"),
    "three dimensions": (X[np.newaxis], "y"),
    "no rows": (X[:0], np.arange(0)),
    "no columns": (X[:, :0], "y"),
    "complex": (X + 1j, "y"),
    "three-dimensional targets": (X, np.zeros((len(X), 2, 2))),
}


@pytest.mark.parametrize("kind", ["multiclass", "number"])
@pytest.mark.parametrize("method", ["fit", "predict", "validation"])
def test_a_missing_value_is_placed_and_what_takes_it_is_named(kind, method):
    samples, targets = nan_in(X), make_targets(kind)
    calls = {
        "fit": lambda twin: twin.fit(samples, targets),
        "predict": lambda twin: twin.fit(X, targets).predict(samples),
        "validation": lambda twin: twin.fit(X, targets, X_val=samples, y_val=targets),
    }
    ours, theirs = make_twins(kind, early_stopping=method == "validation", max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error, told = error_of(lambda: calls[method](ours))
        if method != "validation":  # whose names are ours
            their_error, theirs_told = error_of(lambda: calls[method](theirs))
            assert (error, told.partition("\n")[0]) == (their_error, theirs_told.partition("\n")[0])
    name = "Classifier" if kind == "multiclass" else "Regressor"
    assert told.partition("\n")[2] == (
        f"X must be finite in float64, got nan at (0, 0): Tabular{name} of fastnn.sklearn takes "
        f"missing values; or put scikit-learn's SimpleImputer before MLP{name} in a pipeline"
    )


@pytest.mark.parametrize("kind", ["multiclass", "number"])
@pytest.mark.parametrize("dtype", [str, object])
def test_what_takes_texts_is_named(kind, dtype):
    samples, targets = np.full(X.shape, "a", dtype), make_targets(kind)
    (error, told), (their_error, theirs) = [
        error_of(lambda twin=twin: twin.fit(samples, targets)) for twin in make_twins(kind)
    ]
    name = "Classifier" if kind == "multiclass" else "Regressor"
    assert (error, told) == (
        their_error,
        f"{theirs}\nX must hold numbers, got texts: Tabular{name} of fastnn.sklearn takes texts; "
        f"or put scikit-learn's OneHotEncoder before MLP{name} in a pipeline",
    )


def test_a_missing_value_of_a_frame_has_a_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"age": [1.0, None], "sex": [0, 1]})
    with pytest.raises(ValueError, match=r"got nan at \(1, 0\), in the column 'age': Tabular"):
        MLPClassifier().fit(frame, [0, 1])
    frame = frame.astype(object)
    with pytest.raises(ValueError, match=r"at \(1, 0\), in the column 'age': TabularRegressor"):
        MLPRegressor().fit(frame.where(frame.notna(), None), [0, 1])
    csr_array = pytest.importorskip("scipy.sparse").csr_array
    with pytest.raises(ValueError, match="X must be finite, got nan: TabularClassifier"):
        MLPClassifier().fit(csr_array([[np.nan, 1.0], [0.0, 1.0]]), [0, 1])


@pytest.mark.parametrize("kind", ["multiclass", "number"])
@pytest.mark.parametrize("params", PARAMETERS, ids=str)
def test_a_parameter_that_is_not_as_described(kind, params):
    got, expected = [
        error_of(lambda twin=twin: twin.fit(X, make_targets(kind)))
        for twin in make_twins(kind, **params)
    ]
    assert got == expected


@pytest.mark.parametrize(
    "params",
    [
        {"activation": "step"},
        {"activation": "ascending"},  # of outputs
        {"activation": "mean_and_spread"},
        {"solver": "newton"},
        {"learning_rate": "warmup"},
        {"loss": "squared_error"},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"dropout": "half"},
        {"dtype": "float16"},
        {"class_weight": "heavy"},
        {"class_weight": 2.0},
    ],
    ids=str,
)
def test_a_parameter_of_ours_that_is_not_as_described(params):
    (name,) = params
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of MLPClassifier"):
        fastnn.sklearn.MLPClassifier(**params).fit(X, make_targets("binary"))


@pytest.mark.parametrize("params", [{"activation": ["relu", "step"]}, {"dropout": [0.5, 1.0]}])
def test_a_value_of_one_layer_that_is_not_as_described(params):
    (name,) = params
    ours = fastnn.sklearn.MLPClassifier((3, 2), **params)
    with pytest.raises(ValueError, match=f"{name} must be"):
        ours.fit(X, make_targets("binary"))


@pytest.mark.parametrize("dropout", [0.5, [0.0, 0.5]], ids=str)
@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_lbfgs_goes_without_dropout(Estimator, dropout):
    ours = Estimator(
        hidden_layer_sizes=(3, 2), solver="lbfgs", dropout=dropout, alpha=1.0, max_iter=2000
    )
    with pytest.raises(
        ValueError, match=r"^dropout must be 0 with the solver lbfgs, .*, got .*0\.5"
    ):
        ours.fit(X, make_targets("binary"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it need not fit well
        ours.set_params(dropout=[0, 0]).fit(X, make_targets("binary"))


@pytest.mark.parametrize("name", ["ascending", "mean_and_spread", "softmax"])
def test_an_activation_of_outputs_on_a_hidden_layer(name):
    ours = fastnn.sklearn.MLPClassifier((4, 2), activation=["relu", name])
    with pytest.raises(ValueError, match=f"^{name} must be on the last layer only, got it on laye"):
        ours.fit(X, make_targets("binary"))


@pytest.mark.parametrize("kind", ["multiclass", "number"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("what", DATA)
def test_data_that_are_not_as_described(kind, method, what):
    samples, targets = DATA[what]
    targets = make_targets(kind) if isinstance(targets, str) else targets
    options = {}
    if method == "partial_fit" and kind == "multiclass":
        options["classes"] = [0, 1, 2]
    got, expected = [
        error_of(lambda twin=twin: getattr(twin, method)(samples, targets, **options))
        for twin in make_twins(kind)
    ]
    assert got == expected


@pytest.mark.parametrize("kind", ["multiclass", "number"])
@pytest.mark.parametrize(
    "weights",
    [np.ones(5), np.ones((23, 2)), np.full(23, np.nan), ["a"] * 23],
    ids=["too few", "a table", "NaN", "words"],
)
def test_weights_that_are_not_as_described(kind, weights):
    got, expected = [
        error_of(lambda twin=twin: twin.fit(X, make_targets(kind), sample_weight=weights))
        for twin in make_twins(kind)
    ]
    assert got == expected


@pytest.mark.parametrize("kind", ["multiclass", "number"])
def test_weights_must_not_all_be_zero(kind):
    with pytest.raises(ValueError, match=r"non-zero|must not be 0"):  # scikit-learn's text, or ours
        make_ours(kind).fit(X, make_targets(kind), sample_weight=np.zeros(23))


def test_weights_must_not_be_negative():
    ours = make_ours("number")
    with pytest.raises(ValueError, match="sample_weight must be at least 0, got -1"):
        ours.fit(X, make_targets("number"), sample_weight=[-1.0] + [1.0] * 22)


@pytest.mark.parametrize("kind", ["multiclass", "number"])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "score"])
def test_before_fit(kind, method):
    arguments = (X, make_targets(kind)) if method == "score" else (X,)
    got, expected = [
        error_of(lambda twin=twin: getattr(twin, method)(*arguments)) for twin in make_twins(kind)
    ]
    assert got == expected
    assert got[0] is (NotFittedError if hasattr(make_ours(kind), method) else AttributeError)


@pytest.mark.parametrize("kind", ["binary", "number"])
@pytest.mark.parametrize("method", ["predict", "score", "partial_fit"])
def test_another_number_of_features(kind, method):
    twins = make_twins(kind)
    of_both(twins, "fit", X, make_targets(kind))
    arguments = (X[:, :2],) if method == "predict" else (X[:, :2], make_targets(kind))
    got, expected = [
        error_of(lambda twin=twin: getattr(twin, method)(*arguments)) for twin in twins
    ]
    assert got == expected
    assert got[1].startswith("X has 2 features, but MLP")


def test_a_class_that_the_first_partial_fit_did_not_name():
    twins = make_twins("multiclass")
    of_both(twins, "partial_fit", X, np.zeros(len(X), int), classes=[0, 1])
    got, expected = [
        error_of(lambda twin=twin: twin.partial_fit(X, make_targets("multiclass")))
        for twin in twins
    ]
    assert got == expected
    assert "`y` has classes not in `self.classes_`" in got[1]


@pytest.mark.parametrize("classes", [None, [0, 1], [0, 1, 2, 3]], ids=str)
def test_classes_of_partial_fit(classes):
    twins = make_twins("multiclass")
    if classes is not None and len(classes) > 3:  # other ones than at first
        of_both(twins, "partial_fit", X, make_targets("multiclass"), classes=[0, 1, 2])
    got, expected = [
        error_of(lambda twin=twin: twin.partial_fit(X, make_targets("multiclass"), classes=classes))
        for twin in twins
    ]
    assert got == expected


def test_a_warm_start_with_other_classes():
    twins = make_twins("multiclass", warm_start=True)
    of_both(twins, "fit", X, make_targets("multiclass"))
    got, expected = [
        error_of(lambda twin=twin: twin.fit(X, make_targets("binary"))) for twin in twins
    ]
    assert got == expected


def test_targets_of_a_regression_are_no_classes():
    got, expected = [
        error_of(lambda twin=twin: twin.fit(X, make_targets("number")))
        for twin in make_twins("multiclass")
    ]
    assert got == expected


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_two_rows_are_too_few_to_stop_early(kind):
    twins = make_twins(kind, early_stopping=True)
    got, expected = [
        error_of(lambda twin=twin: twin.fit(X[:2], make_targets(kind)[:2])) for twin in twins
    ]
    assert got == expected


def test_partial_fit_does_not_stop_early():
    twins = make_twins("number", early_stopping=True)
    got, expected = [
        error_of(lambda twin=twin: twin.partial_fit(X, make_targets("number"))) for twin in twins
    ]
    assert got == expected


def test_partial_fit_of_a_classifier_is_not_there_for_lbfgs():
    got, expected = [
        error_of(lambda twin=twin: twin.partial_fit)
        for twin in make_twins("binary", solver="lbfgs")
    ]
    assert got == expected


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_a_column_of_targets_is_taken_with_a_warning(kind):
    y = make_targets(kind)
    for twin in make_twins(kind, solver="lbfgs", alpha=1.0, max_iter=200):
        with pytest.warns(DataConversionWarning, match="A column-vector y was passed"):
            twin.fit(X, y[:, np.newaxis])
        assert twin.predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: MLPRegressor(lr=1),
            "MLPRegressor() has no argument 'lr'; did you mean learning_r",
        ),
        (
            lambda: MLPRegressor(epochs=3),
            "MLPRegressor() has no argument 'epochs'; did you mean max",
        ),
        (
            lambda: MLPClassifier(optimizer="sgd"),
            "MLPClassifier() has no argument 'optimizer'; did",
        ),
        (
            lambda: MLPRegressor().fit([[0.0]]),
            "MLPRegressor.fit(): missing a required argument: 'y'",
        ),
        (lambda: MLPClassifier().fit([[0.0]]), "MLPClassifier.fit(): missing a required argument"),
        (lambda: MLPClassifier().partial_fit(), "MLPClassifier.partial_fit(): missing a required"),
        (lambda: MLPClassifier().predict_proba(), "MLPClassifier.predict_proba(): missing a req"),
    ],
)
def test_errors_name_the_class_of_the_user(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("kind", ["list", "array", "object", "Series"])
def test_texts_are_no_target_of_numbers(kind):
    texts = ["1", "b"] * 10
    y = {"list": texts, "array": np.array(texts), "object": np.array(texts, object)}.get(kind)
    if kind == "Series":
        y = pytest.importorskip("pandas").Series(texts)
    told = "y must hold numbers, got the text 'b': MLPClassifier learns texts, as classes"
    with pytest.raises(ValueError, match=f"^{told}$"):
        MLPRegressor(max_iter=2).fit(np.arange(20.0)[:, None], y)
