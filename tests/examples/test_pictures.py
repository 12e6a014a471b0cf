from matplotlib import pyplot as plt

from fastnn.examples._pictures import write_pictures
from fastnn.plotting import ActivationDisplay


def test_the_first_has_the_path_and_the_others_their_name_in_it(tmp_path, capsys):
    draw = {name: lambda name=name: ActivationDisplay.from_name(name).ax_ for name in ("tanh", "relu")}
    write_pictures(tmp_path / "a.png", draw)
    assert capsys.readouterr().out == (
        f"\nWrote {tmp_path / 'a.png'}: tanh\nWrote {tmp_path / 'a-relu.png'}: relu\n"
    )
    for name in ("a.png", "a-relu.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert not plt.get_fignums()
