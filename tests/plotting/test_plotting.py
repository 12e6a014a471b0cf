"""What holds for every picture, and for the package without matplotlib."""

import importlib
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from fastnn import Dense, Network, plotting

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])


def small_network():
    return Network(2, [Dense(3, "tanh"), Dense(2, "sigmoid")], seed=0)


PICTURES = {
    "activation": lambda ax: plotting.plot_activation("swish", ax=ax),
    "history": lambda ax: plotting.plot_history(small_network().fit(X, Y, epochs=3), ax=ax),
    "samples": lambda ax: plotting.plot_samples(X, Y, 1 - Y, shape=(1, 2), ax=ax),
    "points": lambda ax: plotting.plot_points(X, Y, ax=ax),
    "surface": lambda ax: plotting.plot_decision_surface(small_network(), X, Y, dark=True, ax=ax),
    "network": lambda ax: plotting.plot_network(small_network(), ax=ax),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
def test_draws_on_the_axes_given_and_opens_no_figure(draw):
    figure, (left, right) = plt.subplots(1, 2)
    assert draw(right) is right
    assert right.has_data()
    assert not left.has_data()
    assert plt.get_fignums() == [figure.number]


@every_picture
def test_draws_on_a_new_figure_and_changes_no_defaults(draw, tmp_path):
    current = plt.figure()
    before = dict(mpl.rcParams)
    ax = draw(None)
    ax.figure.savefig(tmp_path / "picture.png")  # a warning while rendering is an error
    assert ax.figure is not current
    assert not current.axes
    assert dict(mpl.rcParams) == before


@every_picture
def test_inputs_are_never_written_to(draw):
    X.flags.writeable = Y.flags.writeable = False
    try:
        draw(None)
    finally:
        X.flags.writeable = Y.flags.writeable = True


def test_without_matplotlib_the_import_names_the_extra(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("fastnn.plotting")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "fastnn-numba\[plot\]"') as caught:
        importlib.import_module("fastnn.plotting")
    assert "\n" not in str(caught.value)


def test_fastnn_itself_imports_no_matplotlib():
    code = "import fastnn, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
