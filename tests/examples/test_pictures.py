from pathlib import Path

from matplotlib import pyplot as plt

from fastnn.examples._pictures import recorded, write_pictures
from fastnn.plotting import ActivationDisplay


def test_the_first_has_the_path_and_the_others_their_name_in_it(tmp_path, capsys):
    draw = {
        name: lambda name=name: ActivationDisplay.from_name(name).ax_ for name in ("tanh", "relu")
    }
    write_pictures(tmp_path / "a.png", draw)
    assert capsys.readouterr().out == (
        f"\nWrote {tmp_path / 'a.png'}: tanh\nWrote {tmp_path / 'a-relu.png'}: relu\n"
    )
    for name in ("a.png", "a-relu.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert not plt.get_fignums()


def test_what_does_not_move_is_a_png_beside_an_animation(tmp_path, capsys):
    write_pictures(tmp_path / "a.gif", {"tanh": lambda: ActivationDisplay.from_name("tanh").ax_})
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
    assert capsys.readouterr().out == f"\nWrote {tmp_path / 'a.png'}: tanh\n"


def test_only_an_animation_is_recorded_for():
    data = [[0, 0], [1, 1]], [0, 1]
    assert recorded(None, *data, every=2) == recorded(Path("a.png"), *data, every=2) == {}
    assert recorded(Path("a.GIF"), *data, every=2)["training"].every == 2
