import numpy as np
import pytest

from fastnn.plotting import PointsDisplay, SamplesDisplay

from ..support.pictures import legend_of

RNG = np.random.default_rng(0)
IMAGES = RNG.random((5, 6))
POINTS = np.array([[0.0, 0.0], [0.0, 2.0], [4.0, 0.0], [4.0, 2.0]])
LABELS = np.array([0, 1, 1, 0])
ONE_HOT = np.eye(2)[LABELS]


@pytest.mark.parametrize("order", ["C", "F"])
def test_samples_are_drawn_upright(order):
    ax = SamplesDisplay.from_samples(IMAGES, shape=(2, 3), order=order).ax_
    assert len(ax.images) == len(IMAGES)
    for image, row in zip(ax.images, IMAGES, strict=True):
        np.testing.assert_array_equal(image.get_array(), row.reshape(2, 3, order=order))
        assert image.get_clim() == (IMAGES.min(), IMAGES.max())
    assert not ax.texts


def test_samples_do_not_overlap():
    ax = SamplesDisplay.from_samples(IMAGES, [0, 1, 2, 3, 4], shape=(2, 3)).ax_
    ax.figure.canvas.draw()
    boxes = [artist.get_window_extent() for artist in (*ax.images, *ax.texts)]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])


@pytest.mark.parametrize("labels", [[7, 0, 1, 2, 3], [[7], [0], [1], [2], [3]]])
def test_samples_show_their_labels(labels):
    ax = SamplesDisplay.from_samples(IMAGES, labels, shape=(2, 3)).ax_
    assert [text.get_text() for text in ax.texts] == ["7", "0", "1", "2", "3"]


def test_samples_mark_wrong_predictions():
    answers = np.eye(4)[[3, 0, 1, 1, 2]] * 0.9  # a network's outputs: the greatest counts
    ax = SamplesDisplay.from_samples(IMAGES, [3, 0, 2, 1, 2], answers, shape=(2, 3)).ax_
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
        SamplesDisplay.from_samples(*arguments, shape=(2, 3))


@pytest.mark.parametrize("y", [LABELS, LABELS[:, np.newaxis], ONE_HOT, LABELS.tolist()])
def test_points_are_drawn_by_class(y):
    ax = PointsDisplay.from_samples(POINTS, y).ax_
    zeros, ones = ax.collections
    np.testing.assert_array_equal(zeros.get_offsets(), POINTS[[0, 3]])
    np.testing.assert_array_equal(ones.get_offsets(), POINTS[[1, 2]])
    assert legend_of(ax) == ["class 0", "class 1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")


def test_a_class_keeps_its_colour_where_others_are_missing():
    both, alone = (
        PointsDisplay.from_samples(POINTS, LABELS).ax_,
        PointsDisplay.from_samples(POINTS, [1, 1, 1, 1]).ax_,
    )
    expected = both.collections[1].get_facecolor()
    np.testing.assert_array_equal(alone.collections[0].get_facecolor(), expected)


def test_points_name_their_classes():
    ax = PointsDisplay.from_samples(POINTS, LABELS, class_names=["no", "yes"]).ax_
    assert legend_of(ax) == ["no", "yes"]
    with pytest.raises(ValueError, match="class_names must be 2 names or more"):
        PointsDisplay.from_samples(POINTS, LABELS, class_names=["no"])


def test_classes_differ_by_their_marker():
    zeros, ones = PointsDisplay.from_samples(POINTS, LABELS).ax_.collections
    assert zeros.get_paths()[0].vertices.shape != ones.get_paths()[0].vertices.shape


def test_a_hundred_classes_differ_by_marker_and_colour():
    labels = np.arange(100)
    drawn = PointsDisplay.from_samples(RNG.random((100, 2)), labels).ax_.collections
    markers = [line.get_paths()[0].to_polygons()[0].tobytes() for line in drawn]
    colors = [line.get_facecolor().tobytes() for line in drawn]
    assert len({*markers[:10]}) == len({*colors[:10]}) == 10
    assert len({*zip(markers, colors, strict=True)}) == 100


def test_points_have_two_features():
    with pytest.raises(ValueError, match=r"X must have shape \(n_samples, 2\), got \(5, 6\)"):
        PointsDisplay.from_samples(IMAGES, [0] * 5)
