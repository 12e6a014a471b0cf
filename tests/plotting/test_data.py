import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from fastnn import Dense, Network
from fastnn.plotting import plot_decision_surface, plot_points, plot_samples

RNG = np.random.default_rng(0)
IMAGES = RNG.random((5, 6))
POINTS = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [4.0, 2.0]])
LABELS = np.array([0, 1, 1, 0])
ONE_HOT = np.eye(2)[LABELS]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def filled_contour(ax):
    return next(c for c in ax.collections if getattr(c, "filled", False))


def line_contours(ax):
    return [c for c in ax.collections if not getattr(c, "filled", True)]


# One unit over x1: 0.5 at x1 = 2 for a sigmoid, whatever x2.
STEP = [[1.0], [0.0]]


def one_output(activation="sigmoid", bias=-2.0):
    return Network(2, [Dense(1, activation, weights=STEP, biases=[bias])])


@pytest.mark.parametrize("order", ["C", "F"])
def test_samples_are_drawn_upright(order):
    ax = plot_samples(IMAGES, shape=(2, 3), order=order)
    assert len(ax.images) == len(IMAGES)
    for image, row in zip(ax.images, IMAGES, strict=True):
        np.testing.assert_array_equal(image.get_array(), row.reshape(2, 3, order=order))
        assert image.get_clim() == (IMAGES.min(), IMAGES.max())
    assert not ax.texts


def test_samples_do_not_overlap():
    ax = plot_samples(IMAGES, [0, 1, 2, 3, 4], shape=(2, 3))
    ax.figure.canvas.draw()
    boxes = [artist.get_window_extent() for artist in (*ax.images, *ax.texts)]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])


@pytest.mark.parametrize("labels", [[7, 0, 1, 2, 3], [[7], [0], [1], [2], [3]]])
def test_samples_show_their_labels(labels):
    ax = plot_samples(IMAGES, labels, shape=(2, 3))
    assert [text.get_text() for text in ax.texts] == ["7", "0", "1", "2", "3"]


def test_samples_mark_wrong_predictions():
    answers = np.eye(4)[[3, 0, 1, 1, 2]] * 0.9  # a network's outputs: the greatest counts
    ax = plot_samples(IMAGES, [3, 0, 2, 1, 2], answers, shape=(2, 3))
    assert [text.get_text() for text in ax.texts] == ["3 → 3", "0 → 0", "2 → 1", "1 → 1", "2 → 2"]
    assert [k for k, text in enumerate(ax.texts) if text.get_fontweight() == "bold"] == [2]
    assert [k for k, frame in enumerate(ax.patches) if frame.get_linewidth() > 1] == [2]
    assert ax.get_title() == "true → predicted, 1 of 5 wrong"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[:, :5],), r"X must have shape \(n_samples, 6\), got \(5, 5\)"),
        ((IMAGES, [1, 2]), r"y must have shape \(5,\) or \(5, n_classes\), got \(2,\)"),
        ((IMAGES, None, [0, 1, 2, 3, 0.5]), "predicted must hold class labels .*, got 0.5"),
        ((IMAGES, [0, 1, 2, 3, -1]), "y must hold class labels 0, 1, 2 ..., got -1"),
        ((IMAGES, [0, 1, 2, 3, np.nan]), "y must be finite"),
    ],
)
def test_samples_of_wrong_shape_or_label(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_samples(*arguments, shape=(2, 3))


@pytest.mark.parametrize("y", [LABELS, LABELS[:, np.newaxis], ONE_HOT, LABELS.tolist()])
def test_points_are_drawn_by_class(y):
    ax = plot_points(POINTS, y)
    zeros, ones = ax.collections
    np.testing.assert_array_equal(zeros.get_offsets(), POINTS[[0, 3]])
    np.testing.assert_array_equal(ones.get_offsets(), POINTS[[1, 2]])
    assert legend_of(ax) == ["class 0", "class 1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")


def test_a_class_keeps_its_colour_where_others_are_missing():
    both, alone = plot_points(POINTS, LABELS), plot_points(POINTS, [1, 1, 1, 1])
    expected = both.collections[1].get_facecolor()
    np.testing.assert_array_equal(alone.collections[0].get_facecolor(), expected)


def test_points_have_two_features():
    with pytest.raises(ValueError, match=r"X must have shape \(n_samples, 2\), got \(5, 6\)"):
        plot_points(IMAGES, [0] * 5)


def test_surface_has_25_filled_levels_and_the_contour_at_a_half():
    ax = plot_decision_surface(one_output(), POINTS, LABELS)
    filled = filled_contour(ax)
    assert len(filled.layers) == 25
    np.testing.assert_allclose(filled.levels, np.linspace(0, 1, 26))
    (contour,) = line_contours(ax)
    assert list(contour.levels) == [0.5]
    np.testing.assert_allclose(contour.get_paths()[0].vertices[:, 0], 2.0, atol=1e-3)


def test_surface_surrounds_the_points_and_shows_them():
    ax = plot_decision_surface(one_output(), POINTS, LABELS)
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
    (contour,) = line_contours(plot_decision_surface(net, POINTS, ONE_HOT))
    np.testing.assert_allclose(contour.get_paths()[0].vertices[:, 0], 2.0, atol=1e-3)


def test_surface_of_values_beyond_0_and_1_is_centred_on_a_half():
    ax = plot_decision_surface(one_output("identity", bias=0.0), POINTS, LABELS)
    np.testing.assert_allclose(filled_contour(ax).levels, np.linspace(-3.4, 4.4, 26))


def test_surface_all_on_one_side_has_no_contour():
    ax = plot_decision_surface(one_output(bias=50.0), POINTS, LABELS)
    assert not line_contours(ax)
    assert len(filled_contour(ax).layers) == 25


def test_surface_of_several_outputs_is_the_region_of_each():
    weights = [[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    net = Network(2, [Dense(3, weights=weights, biases=[1.0, 0.0, -3.0])])
    ax = plot_decision_surface(net, POINTS, [0, 1, 2, 1])
    (image,) = ax.images
    left, middle, right = (image.get_array()[0, column] for column in (0, 100, -1))
    regions = np.array([left, middle, right])
    assert len(np.unique(regions, axis=0)) == 3
    colors = [scatter.get_facecolor()[0, :3] for scatter in ax.collections]
    np.testing.assert_allclose(regions, (np.array(colors) + 1) / 2)  # the classes' own tints
    np.testing.assert_allclose(image.get_extent(), (-0.4, 4.4, -0.2, 2.2))


def test_surface_around_a_single_point():
    ax = plot_decision_surface(one_output(), POINTS[:1], [1])
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 0.5), (-0.5, 0.5))


def test_dark_surface_is_white_on_black():
    ax = plot_decision_surface(one_output(), POINTS, LABELS, dark=True)
    assert to_rgb(ax.figure.get_facecolor()) == (0, 0, 0)
    texts = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.get_legend().get_texts()]
    assert {to_rgb(text.get_color()) for text in [*texts, *ax.get_xticklabels()]} == {(1, 1, 1)}
    np.testing.assert_array_equal(line_contours(ax)[0].get_edgecolor()[0, :3], 1)


def test_surface_needs_two_inputs():
    net = Network(3, [Dense(1)], seed=0)
    with pytest.raises(ValueError, match="net must have 2 inputs, got 3"):
        plot_decision_surface(net, np.zeros((2, 3)), [0, 1])


def test_surface_of_a_diverged_network():
    net = one_output("identity", bias=0.0)
    net.params = np.full(net.params.shape, 1e308)
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match="the answers of net must be finite"),
    ):
        plot_decision_surface(net, POINTS * 1e3, LABELS)


def test_nothing_is_drawn_for_bad_input():
    figure, ax = plt.subplots()
    with pytest.raises(ValueError, match="y must have shape"):
        plot_decision_surface(one_output(), POINTS, [0, 1], ax=ax)
    assert not ax.has_data()
    assert plt.get_fignums() == [figure.number]
