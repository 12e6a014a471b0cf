import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.plotting import ConfusionMatrixDisplay, WeightsDisplay


@pytest.mark.parametrize("order", ["C", "F"])
def test_weights_are_the_images_of_the_units(order):
    net = Network(6, [Dense(5, "tanh"), Dense(1)], seed=0)
    ax = WeightsDisplay.from_network(net, shape=(2, 3), order=order).ax_
    assert len(ax.images) == 5
    for unit, image in enumerate(ax.images):
        expected = net.weights[0][:, unit].reshape(2, 3, order=order)
        np.testing.assert_array_equal(image.get_array(), expected)
    ((low, high),) = {image.get_clim() for image in ax.images}
    assert low == -high < 0
    assert ax.get_title() == "Weights of the first layer, 5 units"


def test_weights_are_those_of_when_they_were_taken():
    net = Network(6, [Dense(1)], seed=0)
    display = WeightsDisplay.from_network(net, shape=(2, 3))
    before = display.images.copy()
    net.params = 2 * net.params
    np.testing.assert_array_equal(display.images, before)


def test_weights_that_are_all_zero():
    net = Network(4, [Dense(1, weights=np.zeros((4, 1)))])
    (image,) = WeightsDisplay.from_network(net, shape=(2, 2)).ax_.images
    assert image.get_clim() == (-1, 1)


def test_of_many_units_the_first_are_drawn():
    ax = WeightsDisplay.from_network(Network(4, [Dense(120)], seed=0), shape=(2, 2)).ax_
    assert len(ax.images) == 100
    assert ax.get_title() == "Weights of the first layer, the first 100 of 120 units"


def test_weights_need_the_shape_of_the_inputs():
    with pytest.raises(ValueError, match=r"shape must have 6 pixels, .*, got \(2, 2\)"):
        WeightsDisplay.from_network(Network(6, [Dense(1)]), shape=(2, 2))
    with pytest.raises(ValueError, match="order must be one of 'F', 'C'"):
        WeightsDisplay.from_network(Network(6, [Dense(1)]), shape=(2, 3), order="A")


TRUE, SAID = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0]


def test_confusion_counts_and_writes_the_pairs():
    display = ConfusionMatrixDisplay.from_predictions(TRUE, SAID)
    np.testing.assert_array_equal(display.counts, [[1, 1, 0], [0, 1, 0], [1, 0, 2]])
    got = {text.get_position(): text.get_text() for text in display.ax_.texts}
    assert got == {(0, 0): "1", (1, 0): "1", (1, 1): "1", (0, 2): "1", (2, 2): "2"}
    ax = display.ax_
    assert ax.get_title() == "Confusion matrix, 4 of 6 right"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Predicted", "True")
    np.testing.assert_allclose(ax.images[0].get_array().sum(axis=1), 1)  # of each true class


@pytest.mark.parametrize("said", [np.eye(3)[SAID] * 0.9, np.array(SAID)[:, np.newaxis]])
def test_confusion_takes_outputs(said):
    got = ConfusionMatrixDisplay.from_predictions(TRUE, said).counts
    expected = ConfusionMatrixDisplay.from_predictions(TRUE, SAID).counts
    np.testing.assert_array_equal(got, expected)


def test_confusion_names_the_classes():
    names = ["ant", "bee", "cat"]
    ax = ConfusionMatrixDisplay.from_predictions(TRUE, SAID, class_names=names).ax_
    for axis in (ax.xaxis, ax.yaxis):
        assert [text.get_text() for text in axis.get_ticklabels()] == names


def test_a_class_that_only_predictions_have():
    display = ConfusionMatrixDisplay.from_predictions([0, 0], [0, 2])
    assert display.counts.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("true", "said", "names", "message"),
    [
        (TRUE, [0, 1], None, r"y_pred must have shape \(6,\) or \(6, n_classes\), got \(2,\)"),
        ([], [], None, "y_true must not be empty"),
        ([0.5], [0], None, "y_true must hold class labels 0, 1, 2 ..., got 0.5"),
        ([0], [500], None, "labels must be less than 100 to be told apart, got 500"),
        (TRUE, SAID, ["a", "b"], r"class_names must be 3 names or more, got \['a', 'b'\]"),
        (TRUE, SAID, "abc", "class_names must be 3 names or more, got 'abc'"),
    ],
)
def test_confusion_of_wrong_labels(true, said, names, message):
    with pytest.raises(ValueError, match=message):
        ConfusionMatrixDisplay.from_predictions(true, said, class_names=names)


def test_names_of_classes_are_numbered_as_the_errors_say():
    y_true, y_pred = np.array(["cat", "dog", "owl"]), np.array(["dog", "dog", "owl"])
    given = {"y_true": y_true, "y_pred": y_pred}
    for name in given:
        with pytest.raises(TypeError, match=f"{name} must hold real numbers, .* use np") as caught:
            ConfusionMatrixDisplay.from_predictions(**given)
        remedy = str(caught.value).rpartition(" use ")[2]
        given[name] = eval(remedy, {"np": np, "y_true": y_true, "y_pred": y_pred})
    display = ConfusionMatrixDisplay.from_predictions(**given)
    assert display.counts.tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
