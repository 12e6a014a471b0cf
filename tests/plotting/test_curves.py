import numpy as np
import pytest

import fastnn
from fastnn.history import History
from fastnn.plotting import ActivationDisplay, LearningCurvesDisplay
from fastnn.reference import ACTIVATIONS

from ..support.functions import bent
from ..support.pictures import legend_of

ELEMENTWISE = sorted(ACTIVATIONS.keys() - {"softmax"})


def history_of(*losses: float) -> History:
    """A loss each epoch, its half as validation loss after every other one."""
    history = History()
    for epoch, loss in enumerate(losses):
        validation = {"val_loss": loss / 2} if epoch % 2 == 0 else {}
        history.record(epoch, {"loss": loss, "accuracy": 1 - loss, "mse": loss} | validation)
    return history


def training_alone(*losses: float) -> History:
    history = History()
    for epoch, loss in enumerate(losses):
        history.record(epoch, {"loss": loss})
    return history


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activation_draws_the_function_and_its_derivative(name):
    ax = ActivationDisplay.from_name(name, z_range=(-3, 5)).ax_
    function, derivative = ax.lines
    z = function.get_xdata()
    assert (z[0], z[-1]) == ax.get_xlim() == (-3, 5)
    np.testing.assert_array_equal(function.get_ydata(), ACTIVATIONS[name].function(z))
    np.testing.assert_array_equal(derivative.get_ydata(), ACTIVATIONS[name].derivative(z))
    assert legend_of(ax) == [name, "derivative"]
    assert ax.get_xlabel() == "z"


def test_activation_by_its_second_name():
    (got, _), (expected, _) = (
        ActivationDisplay.from_name("silu").ax_.lines,
        ActivationDisplay.from_name("swish").ax_.lines,
    )
    np.testing.assert_array_equal(got.get_ydata(), expected.get_ydata())


def test_activation_of_the_user():
    ax = ActivationDisplay.from_name(bent, z_range=(-3, 5)).ax_
    function, derivative = ax.lines
    z = function.get_xdata()
    root = np.sqrt(1 + z * z)
    np.testing.assert_allclose(function.get_ydata(), z / 2 + root)
    np.testing.assert_allclose(derivative.get_ydata(), 0.5 + z / root)
    assert legend_of(ax) == ["bent", "derivative"]
    assert ax.get_title() == "bent and its derivative"


def test_activation_of_the_user_has_a_gap_where_it_raises():
    @fastnn.activation
    def root(z):
        if z == 0:
            raise ValueError("z must not be 0")
        return z**0.5, 0.5 / z**0.5  # NaN below

    (line, _) = ActivationDisplay.from_name(root, z_range=(-1, 1)).ax_.lines
    z, a = line.get_xdata(), line.get_ydata()
    np.testing.assert_array_equal(np.isnan(a), z <= 0)


@pytest.mark.parametrize("function", [lambda z: (z, 1.0), np.sin])
def test_activation_of_the_user_needs_its_decorator(function):
    with pytest.raises(TypeError, match=r"name must be a name .*: write @fastnn\.activation above"):
        ActivationDisplay.from_name(function)


@pytest.mark.parametrize("name", ["softmax", "ascending", "mean_and_spread", "step"])
def test_activation_lists_the_names_it_knows(name):
    with pytest.raises(ValueError, match=rf"name must be one of 'identity', .*; got '{name}'"):
        ActivationDisplay.from_name(name)


@pytest.mark.parametrize("z_range", [(1, 1), (2, -2), (0, np.inf), (np.nan, 1)])
def test_activation_requires_an_ascending_range(z_range):
    with pytest.raises(ValueError, match="z_range must be two ascending finite numbers, got"):
        ActivationDisplay.from_name("sigmoid", z_range=z_range)


def test_history_of_one_training():
    ax = LearningCurvesDisplay.from_history(training_alone(0.9, 0.5, 0.4)).ax_
    (line,) = ax.lines
    assert list(line.get_xdata()) == [0, 1, 2]
    assert list(line.get_ydata()) == [0.9, 0.5, 0.4]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Epoch", "Loss")
    assert ax.get_legend() is None
    assert ax.get_title() == "Loss by epoch"


def test_history_draws_validation_figures_at_their_own_epochs():
    ax = LearningCurvesDisplay.from_history(
        history_of(0.8, 0.6, 0.4, 0.2, 0.1), keys=("loss", "val_loss")
    ).ax_
    running, validation = ax.lines[:2]
    assert list(running.get_xdata()) == [0, 1, 2, 3, 4]
    assert list(validation.get_xdata()) == [0, 2, 4]
    assert list(validation.get_ydata()) == [0.4, 0.2, 0.05]
    assert running.get_linestyle() != validation.get_linestyle()
    assert legend_of(ax) == ["loss", "val_loss", "best val_loss: 0.05 at epoch 4"]
    assert ax.get_ylabel() == "Loss"


def test_history_of_several_trainings():
    histories = {"rate 0.1": history_of(0.9, 0.8), "rate 1": history_of(0.9, 0.1, 0.0)}
    ax = LearningCurvesDisplay.from_history(histories, keys="loss").ax_
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.9, 0.8], [0.9, 0.1, 0.0]]
    assert legend_of(ax) == ["rate 0.1", "rate 1"]
    assert len({line.get_color() for line in ax.lines}) == 2


def test_history_of_several_trainings_and_keys_gives_each_training_its_colour():
    histories = {"a": history_of(0.9, 0.8), "b": history_of(0.7, 0.6)}
    ax = LearningCurvesDisplay.from_history(histories, keys=["loss", "val_loss"]).ax_
    colors = [line.get_color() for line in ax.lines]
    names = ["a loss", "a val_loss", "b loss", "b val_loss"]
    assert legend_of(ax) == [*names, "best epoch"]
    assert colors[0] == colors[1] != colors[2] == colors[3]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("accuracy", "Accuracy"),
        ("mse", "Mean squared error"),
        (("loss", "accuracy"), "Loss, Accuracy"),
    ],
)
def test_history_names_what_it_draws(keys, expected):
    assert (
        LearningCurvesDisplay.from_history(history_of(0.5, 0.4), keys=keys).ax_.get_ylabel()
        == expected
    )


def test_history_draws_the_validation_loss_by_itself():
    ax = LearningCurvesDisplay.from_history(history_of(0.9, 0.5)).ax_
    assert [line.get_label() for line in ax.lines] == ["loss", "val_loss"]
    runs = {"with": history_of(0.9), "without": training_alone(0.9)}
    assert legend_of(LearningCurvesDisplay.from_history(runs).ax_) == ["with", "without"]


def test_history_marks_the_best_epoch():
    display = LearningCurvesDisplay.from_history(history_of(0.8, 0.6, 0.2, 0.4, 0.6))
    (mark,) = display.ax_.collections
    np.testing.assert_array_equal(mark.get_offsets(), [[2, 0.1]])
    assert [curve.best for curve in display.curves] == [None, 1]


def test_history_marks_the_best_where_large_is_good():
    history = History()
    for epoch, accuracy in enumerate((0.5, np.nan, 0.9, 0.7)):
        history.record(epoch, {"val_accuracy": accuracy, "val_own": accuracy})
    display = LearningCurvesDisplay.from_history(history, keys=["val_accuracy", "val_own"])
    assert [curve.best for curve in display.curves] == [2, None]  # of val_own, nobody knows
    unmarked = LearningCurvesDisplay.from_history(history, keys="val_accuracy", best=False)
    assert not unmarked.ax_.collections


def test_history_has_whole_epochs_on_its_axis():
    ax = LearningCurvesDisplay.from_history(history_of(0.9, 0.5, 0.4)).ax_
    ax.figure.canvas.draw()
    ticks = ax.get_xticks()
    np.testing.assert_array_equal(ticks, ticks.round())


def test_history_of_one_epoch_is_seen():
    (line,) = LearningCurvesDisplay.from_history(training_alone(0.9)).ax_.lines
    assert line.get_marker() == "o"


def test_trainings_differ_by_more_than_colour():
    histories = {name: history_of(0.9, 0.5) for name in "abc"}
    lines = LearningCurvesDisplay.from_history(histories, keys="loss").ax_.lines
    assert len({line.get_linestyle() for line in lines}) == 3
    assert len({line.get_marker() for line in lines}) == 3


def test_history_requires_the_keys():
    with pytest.raises(ValueError, match=r"keys must be among loss, .*val_loss, got val_mae"):
        LearningCurvesDisplay.from_history({"run": history_of(0.5)}, keys=("loss", "val_mae"))


@pytest.mark.parametrize(("history", "keys"), [({}, "loss"), (history_of(0.5), ())])
def test_history_requires_something_to_draw(history, keys):
    with pytest.raises(ValueError, match="history and keys must not be empty"):
        LearningCurvesDisplay.from_history(history, keys=keys)


def test_history_requires_a_history():
    with pytest.raises(TypeError, match=r"history must be a History or a mapping .*, got \[0.5"):
        LearningCurvesDisplay.from_history([0.5, 0.4])
