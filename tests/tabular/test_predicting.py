import io

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.tabular.encoding import Category, Encoding, Number
from fastnn.tabular.fields import TableError
from fastnn.tabular.predicting import numbers_predictor, table_predictor
from fastnn.tabular.streaming import open_table

from .tables import write

SUM = Encoding((Number("a", 1.0, 2.0), Number("b", 0.0, 1.0)), Number("sum", 10.0, 2.0), False)
SIGN = Encoding((Number("a", 0.0, 1.0),), Category("sign", ("minus", "plus"), (0.5, 0.5)), False)


def written(predictor):
    file = io.StringIO()
    predictor.write(file)
    return file.getvalue()


@pytest.fixture
def table(tmp_path):
    """Return a function that gives a text as a table."""
    return lambda text, **options: open_table(write(tmp_path / "t.csv", text), None, **options)


def test_columns_in_any_order_with_others_between(table):
    net = Network(2, [Dense(1, weights=[[2.0], [1.0]])])
    predictor = table_predictor(net, table("b,c,a\n1,x,3\n0,y,1\n"), SUM, probabilities=False)
    assert predictor.ignored == ["c"]
    assert written(predictor) == "sum\n16.0\n10.0\n"


def test_a_column_that_is_missing_is_named(table):
    net = Network(2, [Dense(1)])
    with pytest.raises(TableError, match=r"must have the column 'b', got none .*'B' is near"):
        table_predictor(net, table("a,B\n1,2\n"), SUM, probabilities=False)


def test_labels_and_probabilities(table):
    net = Network(1, [Dense(2, "softmax", weights=[[-1.0, 1.0]])], loss="cross_entropy")
    rows = table("a\n-5\n0.5\n")
    assert written(table_predictor(net, rows, SIGN, probabilities=False)) == "sign\nminus\nplus\n"
    lines = written(table_predictor(net, rows, SIGN, probabilities=True)).splitlines()
    assert lines[0] == "sign,sign=minus,sign=plus"
    for line, expected in zip(lines[1:], net.predict([[-5.0], [0.5]]), strict=True):
        np.testing.assert_array_equal([float(text) for text in line.split(",")[1:]], expected)


def test_labels_with_commas_are_quoted(table):
    encoding = Encoding(SIGN.columns, Category("sign", ("a,b", 'c"d'), (0.5, 0.5)), False)
    net = Network(1, [Dense(2, "softmax", weights=[[-1.0, 1.0]])], loss="cross_entropy")
    got = written(table_predictor(net, table("a\n-5\n5\n"), encoding, probabilities=False))
    assert got == 'sign\n"a,b"\n"c""d"\n'


def test_rows_of_many_chunks(table):
    n = 50_000
    net = Network(2, [Dense(1, weights=[[2.0], [0.0]])])
    rows = table("a,b\n" + "".join(f"{i},0\n" for i in range(n)))
    got = written(table_predictor(net, rows, SUM, probabilities=False)).splitlines()
    np.testing.assert_allclose([float(line) for line in got[1:]], 10 + 2.0 * (np.arange(n) - 1))


def test_no_rows_no_predictions(table):
    net = Network(2, [Dense(1)])
    assert written(table_predictor(net, table("a,b\n"), SUM, probabilities=False)) == "sum\n"


@pytest.mark.parametrize("text", ["1,2\n3,4\n", "first,second\n1,2\n3,4\n"])
def test_a_plain_network_takes_numbers_in_their_order(table, text):
    net = Network(2, [Dense(2, weights=[[1.0, 2.0], [1.0, 0.0]])])
    got = written(numbers_predictor(net, table(text, bare=True)))
    assert got == "output_0,output_1\n3.0,2.0\n7.0,6.0\n"


def test_a_plain_network_needs_as_many_columns_as_inputs(table):
    with pytest.raises(TableError, match=r"must have 3 columns, the inputs of the network .*got 2"):
        numbers_predictor(Network(3, [Dense(1)]), table("1,2\n", bare=True))
