from argparse import ArgumentTypeError, Namespace

import pytest

from fastnn.examples._arguments import each_rate, png_path, positive_number, whole_number


def test_what_is_accepted(tmp_path):
    assert whole_number(1)("7") == 7
    assert whole_number(0, 9)("0") == 0
    assert positive_number("1e-3") == 0.001
    assert png_path(str(tmp_path / "a.PNG")) == tmp_path / "a.PNG"


@pytest.mark.parametrize("text", ["0", "10", "1.5", "", "many"])
def test_other_whole_numbers_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="must be a whole number from 1 to 9, got "):
        whole_number(1, 9)(text)


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan", "fast"])
def test_other_rates_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="must be a finite number above 0, got "):
        positive_number(text)


def test_other_paths_are_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for name in ("a.pdf", "a", "folder.png"):
        with pytest.raises(ArgumentTypeError, match=r"must be the path of a \.png file, got "):
            png_path(str(tmp_path / name))
    with pytest.raises(ArgumentTypeError, match="must be in a folder that exists, got "):
        png_path(str(tmp_path / "none" / "a.png"))


def test_a_heading_is_for_several_rates(capsys):
    assert list(each_rate(Namespace(learning_rate=[0.1]))) == [0.1]
    assert capsys.readouterr().out == ""
    assert list(each_rate(Namespace(learning_rate=[0.1, 1.0]))) == [0.1, 1.0]
    assert capsys.readouterr().out == "\n--- learning rate 0.1 ---\n\n--- learning rate 1 ---\n"
