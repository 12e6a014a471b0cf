import argparse
from pathlib import Path

import pytest

from fastnn.cli import flags


def parse(add, *argv):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add(parser)
    return parser.parse_args(argv)


def train(*argv):
    required = ("data.csv", "--target", "y", "--save", "model")
    return parse(flags.add_train_arguments, *required, *argv)


def test_the_defaults_of_training():
    got = train()
    assert got.data == Path("data.csv")
    assert (got.holdout, got.task, got.chunk_rows, got.seed) == (0.2, "auto", None, 0)
    assert [got.delimiter, got.decimal, got.thousands, got.na_values] == [None] * 4
    assert [got.force, got.fast, got.quiet] == [False, False, False]


def test_the_defaults_of_training_are_those_of_the_estimators():
    pytest.importorskip("sklearn")
    from fastnn.sklearn import TabularClassifier

    got, expected = train(), TabularClassifier()
    assert tuple(got.hidden) == expected.hidden_layer_sizes
    assert (got.epochs, got.learning_rate) == (expected.max_epochs, expected.learning_rate)
    assert got.time_limit is expected.time_limit is None


def test_flags_of_training():
    got = train("--hidden", "25,5", "--ignore", "id", "--ignore", "a,b", "--delimiter", "tab")
    assert (got.hidden, got.ignore, got.delimiter) == ([25, 5], ["id", "a,b"], "\t")
    assert train("--delimiter", ";").delimiter == ";"
    assert train("--holdout", "0").holdout == 0
    assert train("--decimal", ",", "--thousands", "space").thousands == " "
    assert train("--na-values", "").na_values == [""]
    assert train("--na-values", "?,-").na_values == ["?", "-"]


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--hidden", "25,,5"], "at least 1, got ''"),
        (["--holdout", "0.6"], "must be a number from 0 to 0.5, got '0.6'"),
        (["--holdout", "nan"], "must be a number from 0 to 0.5, got 'nan'"),
        (["--delimiter", ",,"], "must be one character but a quote, or tab, got ',,'"),
        (["--delimiter", '"'], "must be one character"),
        (["--decimal", ";"], "must be . or , got ';'"),
        (["--thousands", "1"], "must be one character but a letter, digit or sign, got '1'"),
        (["--time-limit", "0"], "must be a finite number above 0, got '0'"),
        (["--chunk-rows", "0"], "must be a whole number of at least 1, got '0'"),
    ],
)
def test_wrong_flags(argv, expected):
    with pytest.raises(argparse.ArgumentError, match=expected):
        train(*argv)


def test_flags_of_the_other_commands():
    got = parse(flags.add_predict_arguments, "model", "new.csv", "-o", "out.csv")
    assert (got.model, got.output, got.probabilities) == (Path("model"), Path("out.csv"), False)
    assert got.strict is False
    got = parse(flags.add_evaluate_arguments, "model", "new.csv", "--delimiter", ";")
    assert (got.model, got.data, got.delimiter) == (Path("model"), Path("new.csv"), ";")
    got = parse(flags.add_export_arguments, "model", "--c", "a/price.c")
    assert (got.c, got.onnx, got.dtype) == (Path("a/price.c"), None, None)
    assert parse(flags.add_info_arguments, "model").model == Path("model")


@pytest.mark.parametrize("path", ["price", "2.c", "my-net.c"])
def test_a_c_source_is_named_so_that_its_functions_can_be(path):
    with pytest.raises(argparse.ArgumentError, match=r"must end in a C identifier and \.c"):
        parse(flags.add_export_arguments, "model", "--c", path)
