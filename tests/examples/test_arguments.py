from argparse import ArgumentTypeError, Namespace

import pytest

from fastnn.examples._arguments import each_rate, png_path


def test_the_path_of_a_picture_is_accepted(tmp_path):
    assert png_path(str(tmp_path / "a.PNG")) == tmp_path / "a.PNG"


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
