from argparse import ArgumentTypeError, Namespace

import pytest

from fastnn.examples._arguments import animation_path, each_rate, picture_path


@pytest.mark.parametrize("suffix", ["PNG", "svg", "pdf"])
def test_the_path_of_a_picture_is_accepted(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    assert picture_path(str(path)) == animation_path(str(path)) == path


@pytest.mark.parametrize("suffix", ["gif", "html"])
def test_the_path_of_an_animation_is_one_where_there_is_an_animation(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    assert animation_path(str(path)) == path
    with pytest.raises(
        ArgumentTypeError, match=r"must be the path of a \.png, \.svg or \.pdf file"
    ):
        picture_path(str(path))


def test_other_paths_are_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    for name in ("a.mp4", "a", "folder.png"):
        with pytest.raises(ArgumentTypeError, match=r"must be the path of a .* file, got "):
            picture_path(str(tmp_path / name))
    with pytest.raises(ArgumentTypeError, match="must be in a folder that exists, got "):
        picture_path(str(tmp_path / "none" / "a.png"))


def test_a_heading_is_for_several_rates(capsys):
    assert list(each_rate(Namespace(learning_rate=[0.1]))) == [0.1]
    assert capsys.readouterr().out == ""
    assert list(each_rate(Namespace(learning_rate=[0.1, 1.0]))) == [0.1, 1.0]
    assert capsys.readouterr().out == "\n--- learning rate 0.1 ---\n\n--- learning rate 1 ---\n"
