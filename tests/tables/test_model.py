"""A model of a table is saved and loaded as it was."""

import io
import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

import fastnn
from fastnn import Dense, FormatError, Network
from fastnn._storage import npz
from fastnn.sklearn import TabularClassifier, TabularRegressor
from fastnn.tables.model import TableModel

from ..support.files import saved, saved_and_loaded

pytestmark = pytest.mark.compiled
FAST = {"n_members": 2, "max_epochs": 3, "random_state": 0}
RANDOM = np.random.default_rng(0)
N_ROWS = 200
PLACES = [f"plac\ud800e {k}" for k in range(100)]  # a lone surrogate is a text too
TABLE = np.array([
    [
        None if k % 7 == 0 else float(k),
        None if k % 5 == 0 else ["red", "", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n"][k % 3],
        PLACES[k % 100],
        None if k % 9 == 0 else np.datetime64("2020-01-01T06:00") + 31 * k,
    ]
    for k in range(N_ROWS)
], dtype=object)  # fmt: skip
NEW = np.array([[1e300, "new", "nowhere", np.datetime64("1901-01-01")], [None] * 4], dtype=object)
VALUES = RANDOM.normal(size=N_ROWS)
LABELS = {
    "texts": np.where(VALUES > 0, "01", "1.10"),
    "objects": np.where(VALUES > 0, "up", "down").astype(object),
    "integers": np.digitize(VALUES, [-1, 1]) * 2**60,
    "floats": np.where(VALUES > 0, 2.0, -5.0),
    "booleans": VALUES > 0,
}


@pytest.mark.parametrize("labels", LABELS)
def test_a_classifier_comes_back(labels):
    y = LABELS[labels]
    expected = TabularClassifier(**FAST).fit(TABLE, y)
    got = saved_and_loaded(expected)
    assert type(got) is TabularClassifier
    assert got.classes_.dtype == expected.classes_.dtype
    np.testing.assert_array_equal(got.classes_, expected.classes_)
    for X in (TABLE, NEW):
        np.testing.assert_array_equal(got.predict_proba(X), expected.predict_proba(X))
        np.testing.assert_array_equal(got.predict(X), expected.predict(X))
    assert got.oof_score_ == expected.oof_score_


@pytest.mark.parametrize("encodings", [["linear"], ["periodic"], ["bins", "scaled"]])
def test_a_regressor_comes_back(encodings):
    expected = TabularRegressor(**FAST, encodings=encodings).fit(TABLE, VALUES)
    content = saved(expected).getvalue()
    got = fastnn.load_model(io.BytesIO(content))
    for X in (TABLE, NEW):
        for a, b in zip(got.predict(X, True), expected.predict(X, True), strict=True):
            np.testing.assert_array_equal(a, b)
    assert saved(got).getvalue() == content
    assert got.get_params() == expected.get_params() | {"hidden_layer_sizes": [64, 64]}
    for member, other in zip(got.members_, expected.members_, strict=True):
        assert (member.encoding, member.weight) == (other.encoding, other.weight)
        assert member.held_rows is None


@pytest.mark.parametrize("columns", [[0], [1], [2], [3]])
def test_tables_of_one_kind_of_column(columns):
    expected = TabularClassifier(**FAST).fit(TABLE[:, columns], LABELS["texts"])
    got = saved_and_loaded(expected)
    for X in (TABLE[:, columns], NEW[:, columns]):
        np.testing.assert_array_equal(got.predict_proba(X), expected.predict_proba(X))


def test_numbers_without_bins():
    X = np.array([0.0, 1.0] * 20)[:, None]
    expected = TabularRegressor(**FAST).fit(X, X[:, 0])
    np.testing.assert_array_equal(saved_and_loaded(expected).predict(X), expected.predict(X))


def test_names_of_columns_come_back():
    pd = pytest.importorskip("pandas")
    pytest.importorskip("narwhals")
    X = pd.DataFrame({"size": VALUES, "colour": TABLE[:, 1]})
    expected = TabularRegressor(**FAST).fit(X, VALUES)
    got = saved_and_loaded(expected)
    assert got.feature_names_in_.tolist() == ["size", "colour"]
    np.testing.assert_array_equal(got.predict(X), expected.predict(X))
    with pytest.raises(ValueError, match="order"):
        got.predict(X[["colour", "size"]])


def test_data_of_the_user_come_back():
    estimator = TabularRegressor(**FAST).fit(TABLE, VALUES)
    estimator.model_.metadata["unit"] = ["m", 1.5]
    got = saved_and_loaded(estimator)
    assert got.model_.metadata == {"unit": ["m", 1.5]}
    estimator.model_.metadata["unit"] = (1, 2)
    with pytest.raises(ValueError, match="metadata must be a dict that JSON gives back"):
        saved(estimator)


def test_parameters_that_json_cannot_hold_are_the_defaults():
    random = np.random.RandomState(0)
    estimator = TabularRegressor(2, max_epochs=3, random_state=random, n_jobs=np.int64(1))
    got = saved_and_loaded(estimator.fit(TABLE, VALUES))
    assert (got.n_members, got.random_state, got.n_jobs) == (2, None, 1)
    got.fit(TABLE, VALUES)


def test_a_file_of_a_path_is_replaced_at_once(tmp_path):
    path = tmp_path / "model"
    path.write_text("old")
    estimator = TabularClassifier(**FAST).fit(TABLE, LABELS["texts"])
    estimator.model_.metadata["x"] = np.nan
    with pytest.raises(ValueError, match="metadata"):
        estimator.save(path)
    assert path.read_text() == "old"
    estimator.model_.metadata.clear()
    estimator.save(path)
    np.testing.assert_array_equal(
        fastnn.load_model(path).predict_proba(NEW), estimator.predict_proba(NEW)
    )
    assert TableModel.load(path).names == ["0", "1", "2", "3"]
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_a_network_is_a_model_too(tmp_path):
    net = Network(2, [Dense(1)], seed=0)
    net.save(tmp_path / "net")
    got = fastnn.load_model(tmp_path / "net")
    np.testing.assert_array_equal(got.params, net.params)


def test_what_cannot_be_saved():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        TabularClassifier().save(io.BytesIO())
    estimator = TabularClassifier(**FAST).fit(TABLE, LABELS["texts"])
    with pytest.raises(TypeError, match="path must be"):
        estimator.save(3)


@pytest.fixture(scope="module")
def content():
    model = TabularRegressor(**FAST, encodings=["bins", "periodic"]).fit(TABLE, VALUES)
    return saved(model).getvalue()


def changed(content, change):
    """Return the file after a change of its header and its arrays."""
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    header = json.loads(arrays.pop("header").tobytes())
    change(header, arrays)
    return npz.pack(header, arrays)


CHANGES = {
    "another format": lambda h, a: h.update(format="fastnn tablet"),
    "a later version": lambda h, a: h.update(version=2),
    "one key more": lambda h, a: h.update(more=1),
    "no columns": lambda h, a: h.update(columns=[]),
    "a strange kind": lambda h, a: h["columns"][0].__setitem__(1, "prose"),
    "a column less": lambda h, a: h["columns"].pop(),
    "a column twice": lambda h, a: h["columns"].append(h["columns"][0]),
    "too many categories": lambda h, a: h["columns"][1].__setitem__(2, 2**61),
    "a strange encoding": lambda h, a: h.update(encodings=["splines"]),
    "a member less": lambda h, a: h["members"].pop(),
    "no member": lambda h, a: h.update(members=[]),
    "another encoding": lambda h, a: h["members"][0].update(encoding="linear"),
    "a negative weight": lambda h, a: h["members"][0].update(weight=-1),
    "no weight": lambda h, a: h["members"][0].update(weight=0),
    "a bin without width": lambda h, a: a["bin_width"].__setitem__(0, 0),
    "no statistics": lambda h, a: h["members"][0].update(by_target=False),
    "a scale of 0": lambda h, a: a["scale"].__setitem__(1, 0),
    "a scale of NaN": lambda h, a: a["scale"].__setitem__(1, np.nan),
    "a target of another kind": lambda h, a: h.update(target=3),
    "one class": lambda h, a: h.update(target={"classes": ["a"], "dtype": "str"}),
    "nested classes": lambda h, a: h.update(target={"classes": [["a"], ["b"]], "dtype": "object"}),
    "a strange dtype": lambda h, a: h.update(target={"classes": ["a", "b"], "dtype": "U9999999"}),
    "three classes": lambda h, a: h.update(target={"classes": ["a", "b", "c"], "dtype": "str"}),
    "a strange parameter": lambda h, a: h["parameters"].update(depth=3),
    "a place of no input": lambda h, a: a["category_places"].__setitem__(0, 2**40),
    "a negative length": lambda h, a: a["category_lengths"].__setitem__(0, -1),
    "longer texts": lambda h, a: a.update(category_texts=np.ones(10000, np.uint8)),
    "bytes that are no text": lambda h, a: a["category_texts"].__setitem__(0, 255),
    "a bin of no column": lambda h, a: a["bin_column"].__setitem__(0, 99),
    "an indicator of no column": lambda h, a: a["with_indicator"].__setitem__(0, -1),
    "no network": lambda h, a: a.update(network_0=np.zeros(10, np.uint8)),
    "another array": lambda h, a: a.update(more=np.zeros(3)),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_malformed_files(content, change):
    with pytest.raises(FormatError) as caught:
        fastnn.load_model(io.BytesIO(changed(content, CHANGES[change])))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_cut_or_changed(content):
    with pytest.raises(FormatError, match="whole"):
        fastnn.load_model(io.BytesIO(content[:-1000]))
    wrong = bytearray(content)
    wrong[len(wrong) // 2] ^= 1
    with pytest.raises(FormatError, match="the bytes it was saved with"):
        fastnn.load_model(io.BytesIO(bytes(wrong)))
    with pytest.raises(FormatError, match="format 'fastnn network'"):
        Network.load(io.BytesIO(content))
