"""Tables with names: which columns are taken, and whether they are those of training."""

import copy
import pickle
import re

import numpy as np
import pytest

from fastnn import Dense, Network, Population
from fastnn._training.state import state_of

pd = pytest.importorskip("pandas")

RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(RANDOM.random((20, 3)), columns=list("abc"))
Y = (TABLE.a > 0.5).astype(int)


def network(n_in=3, **options):
    return Network(n_in, [Dense(4, "tanh"), Dense(1, "sigmoid")], seed=0, **options)


def whole(table):
    """Return what a table of numbers of whatever type holds, column by column."""
    return np.column_stack([table[name].to_numpy(dtype="float64") for name in table])


TAKEN = {
    "bool": TABLE.assign(f=TABLE.b > 0.5),
    "dummies": pd.get_dummies(TABLE.assign(k=np.where(TABLE.b > 0.5, "u", "v"))),
    "nullable": TABLE.assign(k=np.arange(20), f=TABLE.b > 0.5).convert_dtypes(),
    "Float64": TABLE.astype("Float64"),
    "Float32": TABLE.astype("Float32"),
    "Int8": TABLE.assign(k=pd.array(np.arange(20) % 3, dtype="Int8")),
    "int and float": TABLE.assign(k=np.arange(20)),
    "sparse": TABLE.assign(k=pd.arrays.SparseArray(np.arange(20) % 3)),
    "all bool": TABLE > 0.5,
}


@pytest.mark.parametrize("kind", TAKEN)
def test_columns_of_numbers_are_taken(kind):
    table = TAKEN[kind]
    got, expected = network(table.shape[1]), network(table.shape[1])
    got.fit(table, Y)
    expected.fit(whole(table), Y.to_numpy())
    np.testing.assert_array_equal(got.params, expected.params)
    np.testing.assert_array_equal(got.predict(table), expected.predict(whole(table)))


def test_arrow_is_taken():
    pa = pytest.importorskip("pyarrow")
    table = TABLE.assign(k=np.arange(20), f=TABLE.b > 0.5)
    expected = network(5).fit(whole(table), Y.to_numpy())
    backed = table.convert_dtypes(dtype_backend="pyarrow")
    for got in (backed, pa.Table.from_pandas(table)):
        net = network(5)
        assert net.fit(got, Y) == expected
        assert net.feature_names_in_.tolist() == list("abckf")
    flags = pa.table({"a": [0.5, 1.0], "b": [True, None], "c": [1, 2]})
    with pytest.raises(ValueError, match="got one in the column 'b', row 1"):
        network().predict(flags)


def test_polars_is_taken():
    pl = pytest.importorskip("polars")
    table = pl.DataFrame({name: TABLE[name].to_numpy() for name in TABLE})
    table = table.with_columns((pl.col("b") > 0.5).alias("f"))
    net = network(4)
    net.fit(table, pl.Series(Y.to_numpy()))
    assert net.feature_names_in_.tolist() == list("abcf")
    with pytest.raises(TypeError, match="in the column 'f'"):
        net.predict(table.with_columns(pl.lit("u").alias("f")))


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        (["u", "v"] * 10, TypeError, "real numbers, got dtype .* in the column 'k': convert it"),
        (pd.date_range("2020", periods=20), TypeError, "in the column 'k': subtract a start"),
        (pd.to_timedelta(np.arange(20), "D"), TypeError, "in the column 'k': divide it by a unit"),
        (np.arange(20) * 1j, TypeError, "in the column 'k': give its real and its imaginary"),
        (pd.Categorical(["u", "v"] * 10), TypeError, "in the column 'k': .*of each category"),
        (np.array([1.5] * 20, object), TypeError, "in the column 'k': convert it"),
        (
            pd.array([1, None] * 10, dtype="Int64"),
            ValueError,
            "no missing values, got one in the column 'k', row 1",
        ),
        (pd.array([True, None] * 10, dtype="boolean"), ValueError, "in the column 'k', row 1"),
        ([0.5] * 7 + [np.nan] * 13, ValueError, r"got nan at \(7, 3\), in the column 'k'"),
    ],
)
def test_a_column_that_cannot_be_is_named(column, error, message):
    table, net = TABLE.assign(k=column), network(4)
    before = net.params.copy()
    for call in (
        lambda: net.fit(table, Y),
        lambda: net.fit(table, Y, batch_size=None, optimizer="irprop"),
        lambda: net.partial_fit(table, Y),
        lambda: net.predict(table),
        lambda: net.fit(np.zeros((20, 4)), Y, validation_data=(table, Y)),
    ):
        with pytest.raises(error, match=message):
            call()
    np.testing.assert_array_equal(net.params, before)
    assert state_of(net).training is None
    assert net.feature_names_in_ is None


@pytest.mark.parametrize("dtype", ["Int64", "Int8", "boolean", "Float64", "bool", "category"])
def test_series_as_targets_and_weights(dtype):
    y = Y.astype(dtype)
    expected = network().fit(TABLE, Y, sample_weight=np.arange(1, 21))
    got = network().fit(TABLE, y, sample_weight=pd.Series(range(1, 21), dtype="Int64"))
    assert got == expected
    network().fit(TABLE, y, validation_fraction=0.3, metrics=["r2"])


def test_series_that_cannot_be_targets():
    with pytest.raises(ValueError, match="y must have no missing values, got one, row 1"):
        network().fit(TABLE, pd.Series([1, None] * 10, dtype="Int64"))
    with pytest.raises(TypeError, match=r"for names of classes use np\.unique"):
        network().fit(TABLE, pd.Series(["u", "v"] * 10))
    with pytest.raises(TypeError, match="y must hold real numbers"):
        network().fit(TABLE, pd.Series(pd.date_range("2020", periods=20)))


# ---- names ---------------------------------------------------------------------------------------


def refused(net, table, y=Y):
    """Return every call that takes a table."""
    return [
        lambda: net.predict(table),
        lambda: net.predict(table.iloc[:1]),
        lambda: net.hidden(table),
        lambda: net.loss(table, y),
        lambda: net.trace(table, y),
        lambda: net.gradient(table, y),
        lambda: net.gradient_per_sample(table, y),
        lambda: net.gradient_of_inputs(table, y),
        lambda: net.jacobian(table),
        lambda: net.partial_fit(table, y),
        lambda: net.fit(table, y, resume=True),
        lambda: net.fit([(table, y)], resume=True),
        lambda: net.fit(TABLE, y, validation_data=(table, y)),
        lambda: Population([net]).predict(table),
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE[list("bac")], r"'b', 'a', 'c': use X\[list\(net.feature_names_in_\)\]"),
        (TABLE.rename(columns={"b": "d"}), "unseen in training: 'd'; missing: 'b'"),
    ],
)
def test_other_columns_than_those_of_training_are_refused(table, message):
    net = network()
    net.fit(TABLE, Y)
    twins = [net, copy.deepcopy(net), copy.copy(net), pickle.loads(pickle.dumps(net))]
    for twin in twins:
        before = twin.params.copy()
        for call in refused(twin, table):
            with pytest.raises(ValueError, match=message):
                call()
        np.testing.assert_array_equal(twin.params, before)
        twin.predict(TABLE)


def test_files_keep_the_names(tmp_path):
    net = network()
    net.save(tmp_path / "plain")
    assert Network.load(tmp_path / "plain").feature_names_in_ is None
    net.fit(TABLE, Y)
    net.save(tmp_path / "named")
    assert Network.load(tmp_path / "named").feature_names_in_.tolist() == list("abc")
    with np.load(tmp_path / "plain") as plain, np.load(tmp_path / "named") as named:
        assert b"feature_names" not in plain["header"].tobytes()
        assert b"feature_names" in named["header"].tobytes()


def test_what_was_pickled_without_names_has_none():
    net = network()
    state = net.__getstate__()
    del state["_feature_names"]
    old = Network.__new__(Network)
    old.__setstate__(state)
    assert old.feature_names_in_ is None
    old.predict(TABLE)


def test_arrays_have_no_names_and_are_taken():
    net = network()
    net.fit(TABLE, Y)
    net.predict(TABLE.to_numpy())
    net.partial_fit(TABLE.to_numpy(), Y)
    net.fit(TABLE.to_numpy(), Y, resume=True)
    assert net.feature_names_in_.tolist() == list("abc")
    net.fit(TABLE.to_numpy(), Y)  # a training that begins anew, without names
    assert net.feature_names_in_ is None
    net.predict(TABLE[list("bac")])
    net.fit(TABLE[list("bac")], Y)
    assert net.feature_names_in_.tolist() == list("bac")


def test_streams_and_chunks_take_the_names_of_the_first():
    net = network()
    net.partial_fit(TABLE, Y)
    assert net.feature_names_in_.tolist() == list("abc")
    net = network()
    chunks = [(TABLE[:10], Y[:10]), (TABLE[10:][list("bca")], Y[10:])]
    with pytest.raises(ValueError, match="chunk 1 of epoch 0: X must have its columns in the"):
        net.fit(chunks)
    assert net.feature_names_in_ is None
    message = "chunk 0 of epoch 0: X must have its columns in the order"
    with pytest.raises(ValueError, match=message):
        net.fit(chunks[:1], validation_data=(TABLE[list("bca")], Y))
    assert net.feature_names_in_ is None
    net.fit(chunks[:1], validation_data=(TABLE, Y))
    assert net.feature_names_in_.tolist() == list("abc")


def test_names_that_are_no_text_are_none():
    numbers = pd.DataFrame(TABLE.to_numpy())
    levels = pd.DataFrame(
        TABLE.to_numpy(), columns=pd.MultiIndex.from_product([["u"], list("abc")])
    )
    mixed = TABLE.rename(columns={"a": 0})
    for table in (numbers, levels, mixed):
        net = network()
        net.fit(table, Y)
        assert net.feature_names_in_ is None
        net.predict(TABLE)


def test_many_names_are_cut_short():
    names = [f"column {i}" for i in range(100)]
    table = pd.DataFrame(RANDOM.random((20, 100)), columns=names)
    net = network(100)
    net.fit(table, Y)
    message = re.escape("'column 4', 'and 95 more'").replace("'and", "and").replace("more'", "more")
    with pytest.raises(ValueError, match=message):
        net.predict(table[names[::-1]])
