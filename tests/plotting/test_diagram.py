import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from fastnn import Dense, Heads, Network
from fastnn.plotting import NetworkDisplay
from fastnn.plotting._style import BLUE, ORANGE

from ..support.functions import bent

W1 = np.array([[0.951, -2.0], [0.0391, 0.5]])  # columns: h1 takes w1, w2; h2 takes w3, w4
W2 = np.array([[4.0], [-1.0]])
NAMES = ["w1", "w2", "b1", "w3", "w4", "b2", "w5", "w6", "b3"]


def gender_network():
    return Network(
        2,
        [
            Dense(2, "sigmoid", weights=W1, biases=[0.1, 0.2]),
            Dense(1, "sigmoid", weights=W2, biases=[-0.3]),
        ],
    )


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def edges_of(ax):
    return [c for c in ax.collections if isinstance(c, LineCollection)]


def n_units(ax):
    return sum(isinstance(patch, Circle) for patch in ax.patches)


def test_captions_name_any_activation():
    net = Network(2, [Dense(3, bent), Dense(2, "mean_and_spread")])
    assert {"3 bent", "2 mean_and_spread"} <= set(texts_of(NetworkDisplay.from_network(net).ax_))


@pytest.mark.parametrize("y", [[1, 2, 0.5], (1, 2, [0.5]), {"c": 0.5, "a": 1, "b": 2}])
def test_a_sample_with_a_target_for_each_head(y):
    heads = Heads(a=Dense(1, "sigmoid"), b=Dense(3, "softmax"), c=Dense(1))
    losses = ["binary_cross_entropy", "cross_entropy", "mse"]
    net = Network(2, [Dense(3, "tanh"), heads], loss=losses, seed=0)
    display = NetworkDisplay.from_trace(net, [0.5, -1.0], y)
    assert display.y.tolist() == [1, 2, 0.5]
    assert display.loss == net.loss([[0.5, -1.0]], [[1], [2], [0.5]])


@pytest.mark.parametrize("y", [1.0, [1.0], [[1.0]], np.array(1.0)])
def test_forms_of_a_target(y):
    assert NetworkDisplay.from_trace(gender_network(), [0.5, -1.0], y).y.tolist() == [1.0]


def test_units_edges_and_captions():
    ax = NetworkDisplay.from_network(gender_network()).ax_
    assert n_units(ax) == 5
    assert {"x1", "x2", "h1", "h2", "o1"} <= set(texts_of(ax))
    assert {"2 inputs", "2 sigmoid", "1 sigmoid"} <= set(texts_of(ax))
    assert [len(edges.get_segments()) for edges in edges_of(ax)] == [4, 2]
    assert ax.get_aspect() == 1


def test_edges_run_from_unit_to_unit():
    ax = NetworkDisplay.from_network(gender_network()).ax_
    centres = [tuple(patch.center) for patch in ax.patches if isinstance(patch, Circle)]
    got = [tuple(map(tuple, segment)) for edges in edges_of(ax) for segment in edges.get_segments()]
    x1, x2, h1, h2, o1 = centres
    expected = [(x1, h1), (x1, h2), (x2, h1), (x2, h2), (h1, o1), (h2, o1)]
    np.testing.assert_allclose(got, expected)


def test_width_is_the_size_of_a_weight_and_colour_its_sign():
    first, second = edges_of(NetworkDisplay.from_network(gender_network()).ax_)
    got = np.concatenate([first.get_linewidths(), second.get_linewidths()])
    weights = np.concatenate([W1.ravel(), W2.ravel()])
    np.testing.assert_array_equal(np.argsort(got), np.argsort(np.abs(weights)))
    np.testing.assert_allclose(got, 0.3 + 3.7 * np.abs(weights) / 4.0)
    expected = [to_rgb(BLUE if weight < 0 else ORANGE) for weight in W1.ravel()]
    np.testing.assert_allclose(first.get_colors()[:, :3], expected)


def test_parameters_by_name():
    texts = texts_of(NetworkDisplay.from_network(gender_network(), names=NAMES).ax_)
    got = {text for text in texts if "=" in text}
    assert got == {
        *("w1 = 0.951", "w2 = 0.0391", "b1 = 0.1"),
        *("w3 = -2", "w4 = 0.5", "b2 = 0.2"),
        *("w5 = 4", "w6 = -1", "b3 = -0.3"),
    }


def test_a_name_stands_on_its_edge():
    ax = NetworkDisplay.from_network(gender_network(), names=NAMES).ax_
    (text,) = (text for text in ax.texts if text.get_text().startswith("w3"))
    start, end = edges_of(ax)[0].get_segments()[1]  # from x1 to h2
    x, y = text.get_position()
    t = (x - start[0]) / (end[0] - start[0])
    assert 0.2 < t < 0.8
    np.testing.assert_allclose(y, start[1] + t * (end[1] - start[1]))


def test_names_skip_biases_that_are_not_there():
    net = Network(
        2,
        [
            Dense(1, bias=False, weights=[[1.0], [2.0]]),
            Dense(1, weights=[[3.0]], biases=[4.0]),
        ],
    )
    texts = texts_of(NetworkDisplay.from_network(net, names=["u", "v", "w", "b"]).ax_)
    assert {text for text in texts if "=" in text} == {"u = 1", "v = 2", "w = 3", "b = 4"}


def test_without_names_the_values_alone():
    texts = texts_of(NetworkDisplay.from_network(gender_network()).ax_)
    assert {"0.951", "-2", "0.0391", "0.5", "4", "-1"} <= set(texts)
    assert {"b = 0.1", "b = 0.2", "b = -0.3"} <= set(texts)


def test_inputs_and_outputs_by_name():
    ax = NetworkDisplay.from_network(
        gender_network(), input_names=["weight", "height"], output_names=["gender"]
    ).ax_
    assert {"weight", "height", "gender"} <= set(texts_of(ax))


@pytest.mark.parametrize("widths", [(3, 4, 1), (2, 2, 1), (3, 1), (4, 3, 3), (2, 6, 2), (12, 1)])
def test_no_two_texts_meet(widths):
    net = Network(widths[0], [Dense(n, "sigmoid") for n in widths[1:]], seed=0)
    net.params = np.where(net.params == 0, 0, -0.123)
    names = [f"w{k}" for k in range(net.n_params)]
    ax = NetworkDisplay.from_network(net, names=names).ax_
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])


def test_large_layers_are_abbreviated():
    ax = NetworkDisplay.from_network(
        Network(400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")], seed=0)
    ).ax_
    texts = texts_of(ax)
    assert n_units(ax) == 9 + 9 + 10
    assert texts.count("⋮") == 2
    assert {"x5", "x397", "x400", "h22", "o10"} <= set(texts)
    assert not {"x6", "x396"} & set(texts)
    assert {"400 inputs", "25 sigmoid", "10 sigmoid"} <= set(texts)
    assert [len(edges.get_segments()) for edges in edges_of(ax)] == [81, 90]
    assert not any("=" in text or "." in text for text in texts)


def test_edges_of_abbreviated_layers_show_the_weights_of_the_units_shown():
    weights = np.arange(1.0, 13.0)[:, np.newaxis]
    ax = NetworkDisplay.from_network(Network(12, [Dense(1, weights=weights)])).ax_
    expected = np.array([1, 2, 3, 4, 5, 9, 10, 11, 12])
    (edges,) = edges_of(ax)
    np.testing.assert_allclose(edges.get_linewidths(), 0.3 + 3.7 * expected / 12)
    assert {str(weight) for weight in expected} <= set(texts_of(ax))
    assert "6" not in texts_of(ax)


def test_weights_that_are_all_zero():
    net = Network(2, [Dense(1, weights=[[0.0], [0.0]])])
    (edges,) = edges_of(NetworkDisplay.from_network(net).ax_)
    np.testing.assert_allclose(edges.get_linewidths(), 0.3)


def test_signs_differ_by_their_dashes():
    net = Network(1, [Dense(2, weights=[[1.0, -1.0]])])
    (edges,) = edges_of(NetworkDisplay.from_network(net).ax_)
    (_, solid), (_, dashed) = edges.get_linestyle()
    assert solid is None
    assert dashed is not None


X, Y = [-2.0, -1.0], [1.0]


def test_a_sample_flows_through_the_units():
    net = gender_network()
    hidden, output = net.trace(X, Y)
    texts = texts_of(NetworkDisplay.from_trace(net, X, Y).ax_)
    assert {"-2", "-1"} <= set(texts)  # below the inputs
    for step in (hidden, output):
        for name, values in (("z", step.z), ("a", step.a), ("δ", step.delta)):
            assert {f"{name} = {value:.3g}" for value in values} <= set(texts)


def test_gradients_stand_below_their_weights():
    net = gender_network()
    ax = NetworkDisplay.from_trace(net, X, Y, names=NAMES).ax_
    places = {text.get_text(): text.get_position() for text in ax.texts}
    gradient = net.trace(X, Y)[0].grad_W[0, 1]  # w3: from x1 to h2
    x, y = places["w3 = -2"]
    assert places[f"dL/dw3 = {gradient:.3g}"][0] == x
    assert places[f"dL/dw3 = {gradient:.3g}"][1] < y


def test_backward_differs_by_more_than_colour():
    ax = NetworkDisplay.from_trace(gender_network(), X, Y).ax_
    styles = {text.get_style() for text in ax.texts if text.get_text().startswith(("δ", "dL"))}
    assert styles == {"italic"}
    assert {text.get_style() for text in ax.texts if text.get_text()[:2] in ("z ", "a ")} == {
        "normal"
    }


def test_the_title_tells_the_sample_and_its_loss():
    net = gender_network()
    title = NetworkDisplay.from_trace(net, X, Y).ax_.get_title()
    loss = net.loss([X], [Y])
    assert title == f"Network 2-2-1, one sample: x = [-2, -1], y = 1, loss L = {loss:.3g}"


def test_a_class_label_is_a_target_too():
    layers = [Dense(3, "softmax")]
    net = Network(8, layers, loss="cross_entropy", seed=0)
    ax = NetworkDisplay.from_trace(net, np.arange(8.0), 2).ax_
    assert "x = [0, 1, …, 6, 7], y = 2" in ax.get_title()
    assert n_units(ax) == 5 + 3  # where a sample flows, layers are abbreviated sooner
    assert not any("dL" in text for text in texts_of(ax))  # too many edges for their values


@pytest.mark.parametrize("widths", [(3, 4, 1), (2, 2, 1), (3, 1), (2, 6, 2), (12, 1), (1, 12)])
def test_no_two_texts_of_a_sample_meet(widths):
    net = Network(widths[0], [Dense(n, "sigmoid") for n in widths[1:]], seed=0)
    net.params = np.where(net.params == 0, 0, -0.123)
    ax = NetworkDisplay.from_trace(net, np.full(widths[0], -1.234), np.ones(widths[-1])).ax_
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([X], [Y], r"x must be one row, of shape \(2,\), got \(1, 2\)"),
        ([1.0], Y, "X must have shape"),
        (X, [1.0, 2.0], "y must"),
    ],
)
def test_a_sample_must_fit_the_network(x, y, message):
    with pytest.raises(ValueError, match=message):
        NetworkDisplay.from_trace(gender_network(), x, y)


@pytest.mark.parametrize(
    ("what", "expected"), [("names", 9), ("input_names", 2), ("output_names", 1)]
)
def test_requires_a_name_for_each_thing(what, expected):
    with pytest.raises(ValueError, match=f"{what} must have length {expected}, got 3"):
        NetworkDisplay.from_network(gender_network(), **{what: ["a", "b", "c"]})
