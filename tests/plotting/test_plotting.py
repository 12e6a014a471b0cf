"""What holds for every picture, and for the package without matplotlib."""

import importlib
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from fastnn import Dense, Network, plotting
from fastnn.plotting._style import BLUE, ORANGE

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])


def small_network():
    return Network(2, [Dense(3, "tanh"), Dense(2, "sigmoid")], seed=0)


PICTURES = {
    "activation": lambda ax: plotting.ActivationDisplay.from_name("swish", ax=ax),
    "history": lambda ax: plotting.LearningCurvesDisplay.from_history(
        small_network().fit(X, Y, epochs=3, validation_data=(X, Y)), ax=ax
    ),
    "samples": lambda ax: plotting.SamplesDisplay.from_samples(X, Y, 1 - Y, shape=(1, 2), ax=ax),
    "points": lambda ax: plotting.PointsDisplay.from_samples(X, Y, ax=ax),
    "surface": lambda ax: plotting.DecisionSurfaceDisplay.from_network(
        small_network(), X, Y, X, Y, ax=ax
    ),
    "units": lambda ax: plotting.HiddenUnitsDisplay.from_network(small_network(), X, Y, ax=ax),
    "weights": lambda ax: plotting.WeightsDisplay.from_network(
        small_network(), shape=(1, 2), ax=ax
    ),
    "confusion": lambda ax: plotting.ConfusionMatrixDisplay.from_predictions(
        Y, [0, 1, 1, 1], ax=ax
    ),
    "network": lambda ax: plotting.NetworkDisplay.from_network(small_network(), ax=ax),
    "sample": lambda ax: plotting.NetworkDisplay.from_trace(small_network(), X[1], [0, 1], ax=ax),
}
every_picture = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


@every_picture
def test_draws_on_the_axes_given_and_opens_no_figure(draw):
    figure, (left, right) = plt.subplots(1, 2)
    display = draw(right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert right.has_data()
    assert not left.has_data()
    assert plt.get_fignums() == [figure.number]


@every_picture
@pytest.mark.parametrize("ax", [3, "left", np.array([None, None])])
def test_axes_must_be_one(draw, ax):
    with pytest.raises(TypeError, match=f"ax must be one matplotlib Axes, .*{type(ax).__name__}"):
        draw(ax)


@pytest.mark.parametrize(
    "draw",
    [
        lambda net: plotting.NetworkDisplay.from_network(net),
        lambda net: plotting.NetworkDisplay.from_trace(net, X[1], [0, 1]),
        lambda net: plotting.DecisionSurfaceDisplay.from_network(net, X, Y, X, Y),
        lambda net: plotting.HiddenUnitsDisplay.from_network(net, X, Y),
        lambda net: plotting.WeightsDisplay.from_network(net, shape=(1, 2)),
    ],
)
def test_a_network_must_be_one(draw):
    with pytest.raises(TypeError, match=r"net must be a fastnn.Network, got int"):
        draw(3)


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((-2, -1), ValueError, "a side of shape must be at least 1, got -2"),
        ((0.5, 4), TypeError, "a side of shape must be a whole number, got 0.5"),
        ("12", ValueError, r"shape must be a pair \(height, width\), got '12'"),
        (2, ValueError, r"shape must be a pair \(height, width\), got 2"),
        ((1, 2, 1), ValueError, r"shape must be a pair \(height, width\), got \(1, 2, 1\)"),
    ],
)
def test_the_shape_of_images(shape, error, message):
    with pytest.raises(error, match=message):
        plotting.WeightsDisplay.from_network(small_network(), shape=shape)
    with pytest.raises(error, match=message):
        plotting.SamplesDisplay.from_samples(X, shape=shape)


@every_picture
def test_draws_on_a_new_figure_and_changes_no_defaults(draw, tmp_path):
    current = plt.figure()
    before = dict(mpl.rcParams)
    display = draw(None)
    for kind in ("png", "svg", "pdf"):
        display.figure_.savefig(tmp_path / f"picture.{kind}")  # a warning is an error
    assert display.figure_ is not current
    assert not current.axes
    assert dict(mpl.rcParams) == before


@every_picture
def test_plot_draws_the_same_data_again(draw):
    display = draw(None)
    first = display.ax_
    assert display.plot() is display
    assert display.ax_ is not first
    assert display.ax_.get_title() == first.get_title()
    assert len(display.ax_.get_children()) == len(first.get_children())


@every_picture
def test_has_a_title_and_fits_the_width_of_a_page(draw):
    figure = draw(None).figure_
    assert figure.axes[0].get_title()
    assert figure.get_size_inches()[0] <= 8


@every_picture
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_every_text_is_legible(draw, style):
    with plt.style.context(style):
        display = draw(None)
        display.figure_.canvas.draw()
    paper = luminance(display.figure_.get_facecolor())
    cells = display.ax_.texts if isinstance(display, plotting.ConfusionMatrixDisplay) else ()
    for text in display.figure_.findobj(Text):
        if text.get_text() and text not in cells:
            assert contrast(luminance(text.get_color()), paper) > 3, text


def test_the_counts_of_a_confusion_matrix_are_legible_in_their_cells():
    for style in ("default", "dark_background"):
        with plt.style.context(style):
            ax = plotting.ConfusionMatrixDisplay.from_predictions(Y, [0, 1, 1, 1]).ax_
        (image,) = ax.images
        cells = image.to_rgba(image.get_array())
        for text in ax.texts:
            column, row = text.get_position()
            assert contrast(luminance(text.get_color()), luminance(cells[row, column])) > 3


def test_the_first_two_colours_differ_in_greyscale():
    grey = [luminance(color) for color in (BLUE, ORANGE)]
    assert contrast(*grey) > 1.9


def luminance(color):
    """Relative luminance as WCAG defines it."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)


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
    with pytest.raises(ImportError, match='of the extra plot: pip install "matplotlib') as caught:
        importlib.import_module("fastnn.plotting")
    assert "\n" not in str(caught.value)


def test_fastnn_itself_imports_no_matplotlib():
    code = "import fastnn, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
