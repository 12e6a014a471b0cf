import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.contour import ContourSet

from fastnn import Dense, Network
from fastnn.plotting import DecisionSurfaceDisplay, HiddenUnitsDisplay

from ..support.pictures import legend_of

RNG = np.random.default_rng(0)
POINTS = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [4.0, 2.0]])
LABELS = np.array([0, 1, 1, 0])
ONE_HOT = np.eye(2)[LABELS]


def filled_contour(ax):
    return next(c for c in ax.collections if getattr(c, "filled", False))


def line_contours(ax):
    return [c for c in ax.collections if not getattr(c, "filled", True)]


# One unit over x1: 0.5 at x1 = 2 for a sigmoid, whatever x2.
STEP = [[1.0], [0.0]]


def one_output(activation="sigmoid", bias=-2.0):
    return Network(2, [Dense(1, activation, weights=STEP, biases=[bias])])


def test_surface_has_25_filled_levels_and_the_contour_at_a_half():
    ax = DecisionSurfaceDisplay.from_network(one_output(), POINTS, LABELS).ax_
    filled = filled_contour(ax)
    assert len(filled.layers) == 25
    np.testing.assert_allclose(filled.levels, np.linspace(0, 1, 26))
    (contour,) = line_contours(ax)
    assert list(contour.levels) == [0.5]
    np.testing.assert_allclose(contour.get_paths()[0].vertices[:, 0], 2.0, atol=1e-3)


def test_surface_surrounds_the_points_and_shows_them():
    ax = DecisionSurfaceDisplay.from_network(one_output(), POINTS, LABELS).ax_
    np.testing.assert_allclose(ax.get_xlim(), (-0.4, 4.4))
    np.testing.assert_allclose(ax.get_ylim(), (-0.2, 2.2))
    zeros, ones = (c for c in ax.collections if c.get_label() in legend_of(ax))
    np.testing.assert_array_equal(zeros.get_offsets(), POINTS[[0, 3]])
    np.testing.assert_array_equal(ones.get_offsets(), POINTS[[1, 2]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")
    assert ax.get_title() == "Decision surface, 2-1"


def test_surface_of_two_outputs_is_that_of_class_1():
    weights = [[0.0, 1.0], [0.0, 0.0]]
    net = Network(2, [Dense(2, "sigmoid", weights=weights, biases=[5.0, -2.0])])
    (contour,) = line_contours(DecisionSurfaceDisplay.from_network(net, POINTS, ONE_HOT).ax_)
    np.testing.assert_allclose(contour.get_paths()[0].vertices[:, 0], 2.0, atol=1e-3)


def test_surface_of_values_beyond_0_and_1_is_centred_on_a_half():
    ax = DecisionSurfaceDisplay.from_network(one_output("identity", bias=0.0), POINTS, LABELS).ax_
    np.testing.assert_allclose(filled_contour(ax).levels, np.linspace(-3.4, 4.4, 26))


def test_surface_all_on_one_side_has_no_contour():
    ax = DecisionSurfaceDisplay.from_network(one_output(bias=50.0), POINTS, LABELS).ax_
    assert not line_contours(ax)
    assert len(filled_contour(ax).layers) == 25


def test_surface_of_several_outputs_is_the_region_of_each():
    weights = [[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    net = Network(2, [Dense(3, weights=weights, biases=[1.0, 0.0, -3.0])])
    ax = DecisionSurfaceDisplay.from_network(net, POINTS, [0, 1, 2, 1]).ax_
    (image,) = ax.images
    left, middle, right = (image.get_array()[0, column] for column in (0, 100, -1))
    regions = np.array([left, middle, right])
    assert len(np.unique(regions, axis=0)) == 3
    points = [c for c in ax.collections if c.get_label() in legend_of(ax)]
    colors = [scatter.get_facecolor()[0, :3] for scatter in points]
    np.testing.assert_allclose(regions, (np.array(colors) + 1) / 2)  # the classes' own tints
    np.testing.assert_allclose(image.get_extent(), (-0.4, 4.4, -0.2, 2.2))


def test_surface_around_a_single_point():
    ax = DecisionSurfaceDisplay.from_network(one_output(), POINTS[:1], [1]).ax_
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 0.5), (-0.5, 0.5))


def test_surface_is_dark_in_a_dark_style():
    with plt.style.context("dark_background"):
        figure, ax = plt.subplots()
    DecisionSurfaceDisplay.from_network(one_output(), POINTS, LABELS, ax=ax)  # when it is over
    texts = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.get_legend().get_texts()]
    assert {to_rgb(text.get_color()) for text in texts} == {(1, 1, 1)}
    assert to_rgb(ax.get_legend().get_frame().get_facecolor()) == (0, 0, 0)
    np.testing.assert_array_equal(line_contours(ax)[0].get_edgecolor()[0, :3], 1)
    assert filled_contour(ax).get_facecolors()[:, :3].max() < 0.5
    plt.close(figure)


def test_training_and_test_points_are_told_apart():
    net, test = one_output(), [[8.0, 1.0], [-4.0, 1.0]]
    display = DecisionSurfaceDisplay.from_network(net, POINTS, LABELS, test, [1, 0])
    by_label = {c.get_label(): c for c in display.ax_.collections}
    assert legend_of(display.ax_) == [
        *("class 0, training", "class 1, training", "class 0, test", "class 1, test"),
        "output 0.5",
    ]
    filled, hollow = by_label["class 1, training"], by_label["class 1, test"]
    np.testing.assert_array_equal(hollow.get_offsets(), [[8.0, 1.0]])
    np.testing.assert_array_equal(hollow.get_facecolor()[0, :3], 1)  # the paper
    np.testing.assert_array_equal(hollow.get_edgecolor(), filled.get_facecolor())
    assert hollow.get_sizes() > filled.get_sizes()
    np.testing.assert_allclose(display.ax_.get_xlim(), (-5.2, 9.2))  # around all points


def test_surface_names_its_classes():
    names = ["no", "yes"]
    ax = DecisionSurfaceDisplay.from_network(one_output(), POINTS, LABELS, class_names=names).ax_
    assert legend_of(ax)[:2] == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((POINTS,), "X_test and y_test must both be given, or neither"),
        ((None, LABELS), "X_test and y_test must both be given, or neither"),
        ((POINTS, [0, 1]), r"y_test must have shape \(4,\)"),
        ((np.zeros((2, 3)), [0, 1]), r"X_test: X must have shape \(n_samples, 2\)"),
    ],
)
def test_surface_with_wrong_test_points(arguments, message):
    with pytest.raises(ValueError, match=message):
        DecisionSurfaceDisplay.from_network(one_output(), POINTS, LABELS, *arguments)
    assert not plt.get_fignums()


def test_surface_needs_two_inputs():
    net = Network(3, [Dense(1)], seed=0)
    with pytest.raises(ValueError, match="net must have 2 inputs, got 3"):
        DecisionSurfaceDisplay.from_network(net, np.zeros((2, 3)), [0, 1])


def test_surface_of_a_diverged_network():
    net = one_output("identity", bias=0.0)
    net.params = np.full(net.params.shape, 1e308)
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match="the answers of net must be finite"),
    ):
        DecisionSurfaceDisplay.from_network(net, POINTS * 1e3, LABELS)


def test_nothing_is_drawn_for_bad_input():
    figure, ax = plt.subplots()
    with pytest.raises(ValueError, match="y must have shape"):
        DecisionSurfaceDisplay.from_network(one_output(), POINTS, [0, 1], ax=ax)
    assert not ax.has_data()
    assert plt.get_fignums() == [figure.number]


def hidden_network():
    W1 = [[1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
    hidden = Dense(3, "sigmoid", weights=W1, biases=[-2.0, -1.0, 2.0])
    return Network(2, [hidden, Dense(1, "sigmoid", weights=[[1.0], [1.0], [1.0]])])


def test_each_hidden_unit_has_its_surface():
    net = hidden_network()
    display = HiddenUnitsDisplay.from_network(net, POINTS, LABELS)
    ax = display.ax_
    assert len(ax.images) == 3
    plane = np.column_stack([display.x1, np.full_like(display.x1, display.x2[0])])
    row = net.hidden(plane)[0]
    for unit, image in enumerate(ax.images):
        np.testing.assert_allclose(image.get_array()[-1], row[:, unit])  # the lowest row
    assert [text.get_text() for text in ax.texts] == ["unit 1", "unit 2", "unit 3"]
    assert ax.get_title() == "Layer 0, 3 sigmoid"
    assert len({image.get_clim() for image in ax.images}) == 1
    assert legend_of(ax) == ["class 0", "class 1"]


def test_a_line_shows_where_a_unit_turns():
    display = HiddenUnitsDisplay.from_network(hidden_network(), POINTS, LABELS)
    first = (
        line_contours(display.ax_)[0].get_paths()[0].vertices
    )  # x1 = 2 is the middle of the tile
    left, right, _, _ = display.ax_.images[0].get_extent()
    np.testing.assert_allclose(first[:, 0], (left + right) / 2, atol=1e-3)


def test_units_of_a_later_layer():
    net = hidden_network()
    display = HiddenUnitsDisplay.from_network(net, POINTS, LABELS, layer=1)
    assert display.ax_.get_title() == "Layer 1, 1 sigmoid"
    corner = [display.x1[0], display.x2[0]]
    np.testing.assert_allclose(display.a[0, 0], net.predict(corner))
    np.testing.assert_allclose(display.z[0, 0], net.trace(corner, [0])[1].z)


def bar_label_of(display):
    return display.figure_.axes[-1].get_ylabel()


def test_units_of_softmax_have_no_line_of_their_own():
    layers = [Dense(3, "tanh"), Dense(3, "softmax")]
    net = Network(2, layers, loss="cross_entropy", seed=0)
    hidden, last = (
        HiddenUnitsDisplay.from_network(net, POINTS, LABELS, layer=layer) for layer in (0, 1)
    )
    drawn = [
        [part for part in display.ax_.collections if isinstance(part, ContourSet)]
        for display in (hidden, last)
    ]
    assert len(drawn[0]) > 0
    assert drawn[1] == []
    assert last.z.min() < 0 < last.z.max()
    assert bar_label_of(hidden) == "activation a (line: z = 0)"
    assert bar_label_of(last) == "activation a"


def test_of_many_units_the_first_are_drawn():
    net = Network(2, [Dense(70, "tanh"), Dense(1)], seed=0)
    display = HiddenUnitsDisplay.from_network(net, POINTS, LABELS)
    assert len(display.ax_.images) == 64
    assert display.ax_.get_title() == "Layer 0, the first 64 of 70 tanh"


@pytest.mark.parametrize("layer", [-1, 2])
def test_units_need_a_layer_that_is_there(layer):
    with pytest.raises(ValueError, match=f"layer must be from 0 to 1, got {layer}"):
        HiddenUnitsDisplay.from_network(hidden_network(), POINTS, LABELS, layer=layer)


def test_units_of_a_diverged_network():
    net = Network(2, [Dense(2, weights=[[1e308, 1.0], [1e308, 1.0]]), Dense(1)], seed=0)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="of layer 0 must be finite"):
        HiddenUnitsDisplay.from_network(net, POINTS * 10, LABELS)
