import re
import subprocess
import sys

import pytest

from fastnn import DivergenceError, __version__
from fastnn.cli.main import main
from fastnn.core.jit import cache_folder
from fastnn.examples import COMPILED, EXAMPLES, TUTORIALS
from fastnn.tabular import COMMANDS


def python_m_fastnn(*argv):
    return subprocess.run(
        [sys.executable, "-m", "fastnn", *argv], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], "fastnn: error: the following arguments are required: NAME"),
        (["nope"], "fastnn: error: argument NAME: invalid choice: 'nope'"),
        (
            ["xor", "stray"],
            "fastnn xor: error: unrecognized arguments: stray (see fastnn xor --help)",
        ),
        (
            ["first_column", "--seed", "1"],
            "fastnn first_column: error: unrecognized arguments: --se",
        ),
        (["xor", "--epoch", "1"], "fastnn xor: error: unrecognized arguments: --epoch 1"),
        (["xor", "--epochs", "0"], "at least 1, got '0'"),
        (["xor", "--seed", "-1"], "from 0 to 4294967295, got '-1'"),
        (["xor", "--dtype", "int8"], "invalid choice: 'int8'"),
        (["xor", "--learning-rate", "0.1", "nan"], "a finite number above 0, got 'nan'"),
        (["xor", "--plot", "a.gif"], "the path of a .png, .svg or .pdf file, got 'a.gif'"),
        (["moons", "--plot", "a.mp4"], ".pdf, .gif or .html file, got 'a.mp4'"),
        (["digits", "--hidden", "25,,5"], "at least 1, got ''"),
        (["digits", "--batch-size", "some"], "all, or a whole number of at least 1, got 'some'"),
        (["digits", "--holdout", "5000"], "from 1 to 4999, got '5000'"),
        (["digits", "--reduction", "max"], "invalid choice: 'max'"),
        (["warmup", "--dtype", "float16"], "invalid choice: 'float16'"),
        (["warmup", "--only", "fits"], "'fits'"),
        (["warmup", "--plot", "a.png"], "unrecognized arguments: --plot a.png"),
        (["train", "a.csv", "--save", "model"], "arguments are required: --target"),
        (["train", "a.csv", "--target", "y"], "arguments are required: --save"),
        (["train", "a.csv", "--holdout", "2"], "must be a number from 0 to 0.5, got '2'"),
        (["train", "a.csv", "--task", "sort"], "invalid choice: 'sort'"),
        (["predict", "model"], "arguments are required: data"),
        (["export", "model"], "one of the arguments --onnx --c is required"),
        (["export", "model", "--c", "a.cpp"], "must end in a C identifier and .c, got 'a.cpp'"),
        (["info"], "arguments are required: model"),
        (["frist_column"], "; did you mean 'first_column'? (see fastnn --help)"),
        (["first-colum"], "; did you mean 'first_column'?"),
        (["exampel"], "; did you mean 'example'?"),
        (["example", "first-colum"], "; did you mean 'first_column'? (see fastnn example --help)"),
        (["example", "train"], "fastnn example: error: argument NAME: invalid choice: 'train'"),
        (
            ["example", "xor", "stray"],
            "fastnn example xor: error: unrecognized arguments: stray (see",
        ),
        (["example", "xor", "--epoch", "1"], "arguments: --epoch 1; did you mean '--epochs'?"),
        (["example", "xor", "--epochs", "0"], "fastnn example xor: error: argument --epochs: must"),
        (["example", "xor", "--source", "--epochs", "5"], "runs nothing, got --epochs too: leave"),
        (["xor", "--plot=x.png", "--source"], "fastnn xor: error: --source prints the program as"),
        (["integral", "--source", "--seed", "1"], "got --seed too"),
        (["moons", "--source", "--explain", "--dark"], "got --explain too"),
        (["moons", "--dark"], "--dark is how pictures are drawn, got no --plot: add --plot PATH"),
        (["--versoin"], "are required: NAME"),
        (["xor", "--epoch", "1"], "arguments: --epoch 1; did you mean '--epochs'?"),
        (["xor", "--epoch=1"], "arguments: --epoch=1; did you mean '--epochs'?"),
        (["train", "a.csv", "--target", "y", "--save", "m", "--holdot", "0"], "mean '--holdout'?"),
        (["moons", "--lr", "0.1"], "; did you mean '--learning-rate'?"),
        (["export", "model", "--dtype", "flaot32"], "; did you mean 'float32'?"),
        (["train", "a.csv", "--task", "clasification"], "; did you mean 'classification'?"),
    ],
)
def test_wrong_arguments_exit_with_2_and_one_line(argv, expected, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    got = capsys.readouterr()
    assert caught.value.code == 2
    assert expected in got.err
    assert got.err.count("\n") == 1
    assert got.out == ""


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        (["--ignore", "id", "note"], "; --ignore takes one COLUMN: repeat --ignore for each"),
        (
            ["--categories=id", "note"],
            "; --categories takes one COLUMN: repeat --categories for each",
        ),
        (["--ignore", "id", "--fast", "note"], ""),
        (["--ignore", "id", "--fats"], "; did you mean '--fast'?"),
    ],
)
def test_a_flag_that_takes_one_column_is_to_be_repeated(more, hint, capsys):
    argv = ["train", "a.csv", "--target", "y", "--save", "m", *more]
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        f"fastnn train: error: unrecognized arguments: {more[-1]}{hint} (see fastnn train --help)\n"
    )


@pytest.mark.parametrize("argv", [["first-column"], ["example", "first-column"]])
def test_a_name_with_a_dash_is_the_one_with_an_underscore(argv, capsys):
    assert main([*argv, "--epochs", "1", "--quiet"]) == 0
    assert "[0.5]  for [0, 0, 0]; correct: 0" in capsys.readouterr().out


def test_only_the_name_of_an_example_is_changed(capsys):
    assert main(["info", "first-column"]) == 1
    assert "'first-column'" in capsys.readouterr().err


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    got = capsys.readouterr().out
    assert re.findall(r"^    (\S+)", got, re.MULTILINE) == [*COMMANDS, "play", "warmup", "example"]


def test_example_alone_lists_the_examples(capsys):
    assert main(["example"]) == 0
    got = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert got == [[name, summary] for name, summary in EXAMPLES.items()]


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"fastnn {__version__}\n"


@pytest.mark.parametrize("name", TUTORIALS)
def test_help_of_a_tutorial_opens_with_its_table(name, capsys):
    with pytest.raises(SystemExit):
        main(["example", name, "--help"])
    got = capsys.readouterr().out
    assert got.index("find your tutorial's line.\n\n=====") < got.index("the tutorial  ")
    assert "--explain" in got


@pytest.mark.parametrize("name", COMPILED)
def test_help_of_a_compiled_example(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["example", name, "--help"])
    assert caught.value.code == 0
    assert "--seed" in capsys.readouterr().out


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_command_by_itself_too(name, capsys):
    helps = []
    for argv in ([name], ["example", name]):
        with pytest.raises(SystemExit):
            main([*argv, "--help"])
        helps.append(capsys.readouterr().out.split("\n\n", 1)[1])  # after the usage
    assert helps[0] == helps[1]


@pytest.mark.compiled
def test_a_compiled_example_runs(capsys):
    assert main(["example", "integral", "--epochs", "1", "--quiet"]) == 0
    assert "The same functions after 1 epochs" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_says_what_it_does(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    got = " ".join(capsys.readouterr().out.split())
    assert got.startswith(f"usage: fastnn {name} ")
    assert COMMANDS[name][1:] + "." in got


def test_help_imports_no_example_and_no_matplotlib():
    code = (
        "import sys, fastnn.cli\n"
        "try: fastnn.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "unwanted = 'fastnn.examples.xor', 'fastnn.cli.tables', 'matplotlib'\n"
        "sys.exit(any(name in sys.modules for name in unwanted))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0


def test_a_missing_matplotlib_is_told_before_the_training(monkeypatch, capsys, tmp_path):
    for module in [name for name in sys.modules if name.startswith("fastnn.plotting")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["xor", "--plot", str(tmp_path / "xor.png")]) == 1
    got = capsys.readouterr()
    assert got.err == (
        "fastnn: error: fastnn.plotting needs matplotlib, of the extra plot: "
        'pip install "matplotlib>=3.8.4"\n'
    )
    assert got.out == ""


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (PermissionError(13, "Permission denied", "a.png"), 1, "[Errno 13] Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("X must be finite"), 1, "fastnn: error: X must be finite"),
        (DivergenceError("training must stay finite"), 1, "training must stay finite"),
    ],
)
def test_what_stops_an_example_is_said_in_one_line(monkeypatch, capsys, error, code, expected):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr("fastnn.examples.gender.print_pieces", fail)
    assert main(["gender"]) == code
    got = capsys.readouterr().err
    assert expected in got
    assert got.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "n_kernels", "expected"),
    [
        (["--dtype", "float32", "--only", "predict"], 4, "float32"),
        (["--quiet"], 32, "float64 and float32"),
    ],
)
def test_warmup_says_what_it_did_and_where_the_kernels_are(capsys, argv, n_kernels, expected):
    assert main(["warmup", *argv]) == 0
    got = capsys.readouterr()
    n_compiled, dtypes, n_loaded, where = re.fullmatch(
        r"Compiled (\d+) kernels for (.*) in [\d.]+ s, found (\d+) compiled before; (.*)\n", got.out
    ).groups()
    assert int(n_compiled) + int(n_loaded) >= n_kernels
    assert dtypes == expected
    folder = cache_folder()
    assert where == ("not kept on disk" if folder is None else f"kept in {folder}")
    assert got.err == ""


def test_as_a_program_results_go_to_stdout_and_nothing_to_stderr():
    done = python_m_fastnn("gender", "--epochs", "1")
    assert done.returncode == 0
    assert done.stdout.startswith("One neuron, weights [0, 1] and bias 4")
    assert done.stderr == ""


def test_as_a_program_wrong_arguments_exit_with_2():
    done = python_m_fastnn("gender", "--epochs", "many")
    assert done.returncode == 2
    assert done.stderr == (
        "fastnn gender: error: argument --epochs: must be a whole number of at least 1, got 'many' "
        "(see fastnn gender --help)\n"
    )


def test_a_reader_that_has_seen_enough_is_no_error():
    argv = [sys.executable, "-m", "fastnn", "gender", "--epochs", "1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == 0
