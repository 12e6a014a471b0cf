"""`MultiTaskMLP`: columns of classes and of numbers from shared layers."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastnn import Heads, Network
from fastnn.core import jit
from fastnn.exchange import from_sklearn, to_onnx
from fastnn.sklearn import MultiTaskMLP
from fastnn.sklearn._tasks import LOSSES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RANDOM = np.random.RandomState(0)
X = RANDOM.normal(size=(400, 3))
RAIN = np.where(X[:, 0] + 0.1 * RANDOM.normal(size=400) > 0, "yes", "no")
SKY = np.array([10, 20, 30])[(X[:, 1:2] > [-0.5, 0.5]).sum(axis=1)]  # labels that are numbers
WIND = 500 + 100 * (X[:, 0] - X[:, 2])  # far from standard scores
OPTIONS = {"hidden_layer_sizes": 20, "learning_rate_init": 0.01, "batch_size": 20}
OPTIONS |= {"max_iter": 30, "random_state": 0}


def frame(**columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def as_objects(*columns):
    """Return an array of columns whose values are as they are."""
    table = np.empty((len(X), len(columns)), object)
    for k, column in enumerate(columns):
        table[:, k] = column
    return table


@pytest.fixture(scope="module")
def fitted():
    return MultiTaskMLP(**OPTIONS).fit(X, as_objects(RAIN, SKY, WIND))


CHECKED = [
    MultiTaskMLP(max_iter=20),
    MultiTaskMLP(5, "tanh", solver="sgd", alpha=0.01, max_iter=20, dtype="float64"),
]


@pytest.mark.compiled
@parametrize_with_checks(CHECKED)
def test_estimator(estimator, check):
    check(estimator)


def test_each_column_is_predicted_as_what_it_is(fitted):
    got = fitted.predict(X)
    assert got.shape == (400, 3)
    assert [type(value) for value in got[0]] == [str, int, float]
    assert accuracy_score(RAIN, got[:, 0].astype(str)) > 0.9
    assert accuracy_score(SKY, got[:, 1].astype(int)) > 0.9
    assert r2_score(WIND, got[:, 2].astype(float)) > 0.95
    assert fitted.task_names_ == ["head_0", "head_1", "head_2"]
    assert (fitted.n_outputs_, fitted.n_features_in_) == (3, 3)
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 30


def test_the_probabilities_are_a_list_beside_the_classes(fitted):
    rain, sky, wind = fitted.predict_proba(X)
    assert (rain.shape, sky.shape, wind) == ((400, 2), (400, 3), None)
    for probabilities, classes, column in zip(
        (rain, sky), fitted.classes_, fitted.predict(X).T, strict=False
    ):
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(classes[probabilities.argmax(axis=1)], column)
    assert fitted.classes_[0].tolist() == ["no", "yes"]
    assert fitted.classes_[1].tolist() == [10, 20, 30]
    assert fitted.classes_[2] is None


def test_the_network_is_one_with_heads_on_standard_scores(fitted):
    """It is what `Network.fit` trains on the same targets."""
    layers = fitted.network_.layers
    assert isinstance(layers[-1], Heads)
    codes = (RAIN == "yes").astype(int), SKY // 10 - 1, (WIND - WIND.mean()) / WIND.std()
    losses = ["binary_cross_entropy", "cross_entropy", "half_sse"]
    bare = [
        type(layers[0])(20, "relu"),
        Heads(*(one.__class__(one.n_out, one.activation) for one in layers[-1].heads)),
    ]
    net = Network(3, bare, loss=losses, seed=np.random.RandomState(0))
    how = {"epochs": 30, "batch_size": 20, "optimizer": "adam", "learning_rate": 0.01}
    history = net.fit(X, codes, **how)
    np.testing.assert_allclose(fitted.loss_curve_, history["loss"], rtol=1e-12)
    np.testing.assert_allclose(fitted.network_.params, net.params, rtol=1e-9)


def test_the_score_is_the_mean_of_accuracies_and_r2(fitted):
    got = fitted.predict(X)
    weights = np.linspace(0, 1, 400)
    for given in (None, weights):
        each = [
            accuracy_score(RAIN, got[:, 0].astype(str), sample_weight=given),
            accuracy_score(SKY, got[:, 1].astype(int), sample_weight=given),
            r2_score(WIND, got[:, 2].astype(float), sample_weight=given),
        ]
        score = fitted.score(X, as_objects(RAIN, SKY, WIND), sample_weight=given)
        assert score == pytest.approx(np.mean(each), rel=1e-12)


def test_a_table_gives_a_table_with_the_index_of_X():
    pandas = pytest.importorskip("pandas")
    y = frame(rain=RAIN, sky=SKY, wind=WIND)
    y["rain"] = y["rain"].astype("category")
    inputs = pandas.DataFrame(X, columns=["a", "b", "c"], index=range(1000, 1400))
    tasks = MultiTaskMLP(**OPTIONS).fit(inputs, y)
    got = tasks.predict(inputs)
    assert list(got.columns) == tasks.task_names_ == ["rain", "sky", "wind"]
    assert got.index.equals(inputs.index)
    assert [got[name].dtype.kind for name in ("sky", "wind")] == ["i", "f"]
    assert (got["rain"].to_numpy() == RAIN).mean() > 0.9
    assert list(tasks.feature_names_in_) == ["a", "b", "c"]
    assert tasks.network_.layers[-1].names == ("rain", "sky", "wind")
    with pytest.raises(
        ValueError, match=r"y must have the columns of fit \(rain, sky, wind\), got"
    ):
        tasks.score(inputs, y[["sky", "rain", "wind"]])


def test_a_table_without_names_is_as_an_array():
    pandas = pytest.importorskip("pandas")
    tasks = MultiTaskMLP(**OPTIONS).fit(X, pandas.DataFrame({0: RAIN, 1: WIND}))
    assert tasks.task_names_ == ["head_0", "head_1"]
    assert isinstance(tasks.predict(X), np.ndarray)


def test_a_table_of_polars_gives_one():
    polars = pytest.importorskip("polars")
    y = polars.DataFrame({"rain": RAIN.tolist(), "wind": WIND})
    got = MultiTaskMLP(**OPTIONS).fit(X, y).predict(X)
    assert isinstance(got, polars.DataFrame)
    assert got.columns == ["rain", "wind"]


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.column_stack([WIND, X[:, 0]]), "f"),
        (np.column_stack([SKY, RAIN == "yes"]), "i"),
        (np.column_stack([RAIN, RAIN]), "U"),
    ],
)
def test_columns_of_one_kind_are_an_array_of_it(y, dtype):
    tasks = MultiTaskMLP(**OPTIONS).fit(X, y)
    assert tasks.predict(X).dtype.kind == dtype
    assert hasattr(tasks, "predict_proba") == (dtype != "f")


def test_one_column_is_a_network_without_heads():
    tasks = MultiTaskMLP(**OPTIONS).fit(X, RAIN[:, np.newaxis])
    assert not isinstance(tasks.network_.layers[-1], Heads)
    assert tasks.predict(X).shape == (400, 1)
    assert tasks.predict_proba(X).shape == (400, 2)
    assert tasks.score(X, RAIN[:, np.newaxis]) > 0.9


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(loss):
    counts = np.clip(SKY + WIND // 100, 1, None)
    column = SKY if loss in ("log_loss", "focal") else counts
    tasks = MultiTaskMLP(**OPTIONS, loss=[loss, "auto"]).fit(X, as_objects(column, RAIN))
    assert (tasks.classes_[0] is None) == (column is counts)
    assert np.isfinite(tasks.score(X, as_objects(column, RAIN)))


def test_losses_by_name_with_weights():
    y = frame(count=SKY, rain=RAIN)
    tasks = MultiTaskMLP(**OPTIONS, loss={"count": ("poisson", 0.5)}).fit(X, y)
    loss = tasks.network_.loss_function
    assert [one.name for one in loss.losses] == ["poisson", "binary_cross_entropy"]
    assert loss.weights == (0.5, 1.0)
    assert (tasks.predict(X)["count"] > 0).all()
    without = MultiTaskMLP(**OPTIONS, loss={"rain": ("log_loss", 0)}).fit(X, y)
    np.testing.assert_array_equal(without.network_.layers[-1].heads[1].biases, 0)  # not trained


def test_it_stops_early_and_keeps_the_best():
    options = OPTIONS | {"max_iter": 500, "early_stopping": True, "n_iter_no_change": 5}
    tasks = MultiTaskMLP(**options).fit(X, as_objects(RAIN, WIND))
    history = tasks.network_.history["val_loss"]
    assert tasks.n_iter_ == len(history) < 500
    assert np.argmin(history) < len(history) - 1


def test_weights_of_samples_and_sparse_inputs():
    sparse = pytest.importorskip("scipy.sparse")
    y = as_objects(RAIN, WIND)
    weights = (np.arange(400) < 300).astype(float)
    options = OPTIONS | {"batch_size": 400, "max_iter": 5}
    got = MultiTaskMLP(**options, loss=["auto", "absolute_error"]).fit(X, y, weights)
    same = MultiTaskMLP(**options, loss=["auto", "absolute_error"]).fit(
        sparse.csr_array(X), y, weights
    )
    np.testing.assert_allclose(got.network_.params, same.network_.params, rtol=1e-10)
    assert got.loss_curve_ != MultiTaskMLP(**options).fit(X, y).loss_curve_


@pytest.mark.parametrize("dtype", [None, "float32", "float64"])
def test_the_dtype_is_that_of_the_inputs_or_the_one_asked_for(dtype):
    y = as_objects(RAIN, WIND)
    tasks = MultiTaskMLP(**OPTIONS, dtype=dtype).fit(X.astype("float32"), y)
    assert tasks.network_.dtype == (dtype or "float32")


def test_it_goes_through_searches_pipelines_and_pickles(fitted):
    y = frame(rain=RAIN, wind=WIND)
    pipeline = make_pipeline(StandardScaler(), MultiTaskMLP(**OPTIONS))
    grid = {"multitaskmlp__hidden_layer_sizes": [(5,), (20,)]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.9
    assert cross_val_score(pipeline, X, y, cv=3).min() > 0.9
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(X), fitted.predict(X))
    assert clone(fitted).get_params() == fitted.get_params()


def test_a_failed_fit_changes_nothing(fitted):
    before = fitted.predict(X)
    with pytest.raises(ValueError, match="must have two classes or more"):
        fitted.fit(X, as_objects(["a"] * 400, WIND))
    np.testing.assert_array_equal(fitted.predict(X), before)


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (RAIN, {}, "y must have two dimensions, a column for each task, got shape"),
        (as_objects(["a"] * 400, WIND), {}, "y, column head_0: must have two classes or more"),
        (
            as_objects([None] + ["a"] * 399, WIND),
            {},
            "head_0: must have no missing values, got one in row 0",
        ),
        (
            np.column_stack([WIND, np.where(WIND > 500, np.nan, 1)]),
            {},
            "column head_1: Input y contains NaN",
        ),
        (
            as_objects(RAIN, WIND),
            {"loss": "squared_error"},
            "column head_0: must hold numbers for the loss",
        ),
        (
            as_objects(RAIN, WIND),
            {"loss": ["log_loss"]},
            "loss must hold one for each of the 2 columns",
        ),
        (
            as_objects(RAIN, WIND),
            {"loss": {"wind": "huber"}},
            "names of columns of y .head_0, head_1., got wind",
        ),
        (as_objects(RAIN, WIND), {"loss": ["mse", "auto"]}, "head_0: loss must be one of 'auto', "),
        (
            as_objects(RAIN, WIND),
            {"loss": ["auto", ("auto", -1)]},
            "head_1: the weight of a loss must be at least 0",
        ),
        (as_objects(RAIN, WIND)[:9], {}, "inconsistent numbers of samples"),
        (as_objects(RAIN, -WIND), {"loss": ["auto", "gamma"]}, "head_1: "),
        (as_objects(RAIN, WIND), {"solver": "sgd", "alpha": 1e9}, "training must stay finite"),
    ],
)
def test_what_cannot_be_fitted(y, options, message):
    with pytest.raises(ValueError, match=message):
        MultiTaskMLP(**OPTIONS, **options).fit(X, y)


def test_outputs_of_the_network_come_back_to_units():
    y = as_objects(RAIN, WIND, SKY + WIND // 100)
    tasks = MultiTaskMLP(**OPTIONS, loss=["auto", "huber", "poisson"]).fit(X, y)
    assert tasks.y_mean_ == [None, pytest.approx(WIND.mean()), 0.0]
    assert tasks.y_scale_ == [None, pytest.approx(WIND.std()), 1.0]
    outputs, predicted = tasks.network_.predict(X), tasks.predict(X)
    for k in (1, 2):
        numbers = outputs[k][:, 0] * tasks.y_scale_[k] + tasks.y_mean_[k]
        np.testing.assert_allclose(numbers, predicted[:, k].astype(float), rtol=1e-12)


def test_writers_say_what_to_give_them(fitted, tmp_path):
    pytest.importorskip("onnx")
    with pytest.raises(TypeError, match="got MultiTaskMLP; give its network_, of whose outputs"):
        to_onnx(fitted, tmp_path / "net.onnx")
    with pytest.raises(TypeError, match="must have one output, got MultiTaskMLP: its network_"):
        from_sklearn(fitted)
    to_onnx(fitted.network_, tmp_path / "net.onnx")


@pytest.mark.compiled
def test_other_combinations_compile_nothing(fitted):
    before = jit.numbers_of_forms()[0]
    MultiTaskMLP(**OPTIONS, loss=["auto", "huber"]).fit(X, as_objects(SKY, WIND)).predict(X)
    assert jit.numbers_of_forms()[0] == before
