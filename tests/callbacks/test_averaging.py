"""Weights averaged over training, beside averages of what training without them went through."""

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network, Population
from fastnn.callbacks import AveragedWeights, Callback, Checkpoint, EarlyStopping

from ..support.networks import make_data, noisy_network, small_network
from ..support.training import Recorder

X, Y = make_data(12, 3, 2)
TOLERANCE = {"rtol": 1e-12, "atol": 1e-14}


def params_of_epochs(make=small_network, epochs=6, **options):
    """Return the parameters after each epoch of a training without averages."""
    seen = Recorder()
    make().fit(X, Y, epochs=epochs, callbacks=[seen], **options)
    return seen.params


def moving_averages(params, decay):
    averages = [params[0]]
    for now in params[1:]:
        averages.append(decay * averages[-1] + (1 - decay) * now)
    return averages


@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_moving_average(optimizer, batch_size):
    how = {"optimizer": optimizer, "batch_size": batch_size}
    params = params_of_epochs(**how)
    net, average = small_network(), AveragedWeights(decay=0.7)
    net.fit(X, Y, epochs=6, callbacks=[average], **how)
    np.testing.assert_allclose(net.params, moving_averages(params, 0.7)[-1], **TOLERANCE)
    np.testing.assert_array_equal(net.params, average.params)
    np.testing.assert_array_equal(average.raw_params, params[-1])  # which it has not changed
    assert average.n_averaged == 6


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_mean_from_some_epoch_on(dtype):
    params = params_of_epochs(lambda: small_network(dtype=dtype))
    net, average = small_network(dtype=dtype), AveragedWeights(None, start_epoch=2)
    net.fit(X, Y, epochs=6, callbacks=[average])
    expected = np.mean(params[2:], axis=0, dtype=np.float64).astype(dtype)
    np.testing.assert_allclose(net.params, expected, rtol=1e-12 if dtype == "float64" else 1e-6)
    assert (net.dtype, average.n_averaged) == (np.dtype(dtype), 4)


def test_the_first_epochs_may_come_to_nothing():
    net, average = small_network(), AveragedWeights(start_epoch=6)
    net.fit(X, Y, epochs=6, callbacks=[average])
    np.testing.assert_array_equal(net.params, params_of_epochs()[-1])
    assert average.params is None


def test_what_never_changes_keeps_its_bits():
    def make():
        layers = [Dense(5, "tanh", train_bias=False, bias_initializer="glorot_normal"), Dense(2)]
        return Network(3, layers, seed=0)

    net = make()
    net.fit(X, Y, epochs=6, callbacks=[AveragedWeights(0.9)])
    np.testing.assert_array_equal(net.biases[0], make().biases[0])


@pytest.mark.parametrize("is_first", [True, False])
def test_validation_and_callbacks_see_the_average(is_first):
    expected = moving_averages(params_of_epochs(), 0.7)
    seen, average, net = Recorder(), AveragedWeights(0.7), small_network()
    callbacks = [average, seen] if is_first else [seen, average]
    history = net.fit(X, Y, epochs=6, validation_data=(X, Y), callbacks=callbacks)
    np.testing.assert_allclose(seen.params, expected, **TOLERANCE)
    twin = small_network()
    for params, figure in zip(expected, history["val_loss"], strict=True):
        twin.params = params
        assert twin.loss(X, Y) == pytest.approx(figure, rel=1e-12)


@pytest.mark.parametrize("is_first", [True, False])
def test_early_stopping_restores_the_best_average(is_first):
    options = {"learning_rate": 3.0}
    unlike = X, Y[::-1]
    expected = moving_averages(params_of_epochs(epochs=30, **options), 0.5)
    average, stopping, net = AveragedWeights(0.5), EarlyStopping(patience=30), small_network()
    callbacks = [average, stopping] if is_first else [stopping, average]
    history = net.fit(X, Y, epochs=30, validation_data=unlike, callbacks=callbacks, **options)
    best = int(np.argmin(history["val_loss"]))
    assert stopping.best_epoch == best < 29
    np.testing.assert_allclose(net.params, expected[best], **TOLERANCE)


def test_a_checkpoint_has_the_average(tmp_path):
    net, path = small_network(), tmp_path / "net.fastnn"
    net.fit(X, Y, epochs=6, callbacks=[Checkpoint(path), AveragedWeights(0.7)])
    np.testing.assert_array_equal(Network.load(path).params, net.params)


@pytest.mark.parametrize("decay", [0.7, None])
def test_it_goes_on_where_training_is_resumed(decay):
    how = {"optimizer": "momentum", "batch_size": 5, "input_noise": 0.1}
    whole, parts, average = noisy_network(), noisy_network(), AveragedWeights(decay)
    whole.fit(X, Y, epochs=9, callbacks=[AveragedWeights(decay)], **how)
    for resume in (False, True, True):
        parts.fit(X, Y, epochs=3, callbacks=[average], resume=resume, **how)
    np.testing.assert_array_equal(parts.params, whole.params)
    assert average.n_averaged == 9


def test_it_starts_anew_where_the_network_was_changed():
    net, average = small_network(), AveragedWeights(0.7)
    net.fit(X, Y, epochs=3, callbacks=[average])
    net.params = 0 * net.params
    twin = small_network()
    twin.params = net.params
    net.fit(X, Y, callbacks=[average], resume=True, shuffle=False)
    twin.fit(X, Y, shuffle=False)
    np.testing.assert_array_equal(net.params, twin.params)
    assert average.n_averaged == 1


def test_a_network_that_is_left_alone():
    params = params_of_epochs()
    net, average, seen = small_network(), AveragedWeights(0.7, swap=False), Recorder()
    net.fit(X, Y, epochs=6, callbacks=[average, seen])
    np.testing.assert_array_equal(seen.params, params)
    np.testing.assert_array_equal(net.params, params[-1])
    np.testing.assert_allclose(average.params, moving_averages(params, 0.7)[-1], **TOLERANCE)


def test_a_validation_that_fails_leaves_the_average_of_the_epochs_before():
    def figure(y, outputs, n_calls=[]):  # noqa: B006  its memory
        n_calls.append(1)
        return 1.0 if len(n_calls) < 3 else [1.0, 2.0]

    params = params_of_epochs(epochs=2)
    net, average = small_network(), AveragedWeights(0.7)
    with pytest.raises((TypeError, ValueError)):
        net.fit(
            X, Y, epochs=6, metrics=[figure], validation_data=(X, Y), callbacks=[average]
        )  # fmt: skip
    np.testing.assert_allclose(net.params, moving_averages(params, 0.7)[-1], **TOLERANCE)
    np.testing.assert_array_equal(average.raw_params, params[-1])
    assert average.n_averaged == 2


class Prune(Callback):
    """Raise after epoch 2."""

    def epoch(self, run):
        if run.epoch == 2:
            raise KeyError("pruned")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_callback_that_raises_leaves_the_average_of_its_epoch_too(is_first):
    params, whole = params_of_epochs(epochs=3), small_network()
    net, average = small_network(), AveragedWeights(0.7)
    with pytest.raises(KeyError, match="pruned"):
        net.fit(X, Y, epochs=6, callbacks=[average, Prune()] if is_first else [Prune(), average])
    np.testing.assert_allclose(net.params, moving_averages(params, 0.7)[-1], **TOLERANCE)
    assert average.n_averaged == len(net.history["loss"]) == 3
    net.fit(X, Y, epochs=3, callbacks=[average], resume=True)
    whole.fit(X, Y, epochs=6, callbacks=[AveragedWeights(0.7)])
    np.testing.assert_array_equal(net.params, whole.params)


def test_a_divergence_leaves_the_average():
    net, average = Network(3, [Dense(2)], seed=0), AveragedWeights(0.7)
    rates = [0.01, 0.01, 1e300]
    with pytest.raises(DivergenceError):
        net.fit(X, Y, epochs=3, learning_rate=rates.__getitem__, callbacks=[average])
    np.testing.assert_array_equal(net.params, average.params)
    assert average.n_averaged == 2


def test_lbfgs_is_not_disturbed():
    pytest.importorskip("scipy")
    how = {"optimizer": "lbfgs", "batch_size": None, "epochs": 8}
    params = params_of_epochs(**how)
    net, average = small_network(), AveragedWeights(None)
    net.fit(X, Y, callbacks=[average], **how)
    np.testing.assert_array_equal(average.raw_params, params[-1])
    np.testing.assert_allclose(net.params, np.mean(params, axis=0), **TOLERANCE)


def test_each_network_of_a_population_has_its_own():
    population = Population(small_network(seed=seed) for seed in range(3))
    settings = [{"callbacks": [AveragedWeights(0.7)]} for _ in population]
    population.fit(X, Y, epochs=6, n_threads=2, settings=settings)
    for seed, net in enumerate(population):
        alone = small_network(seed=seed)
        alone.fit(X, Y, epochs=6, callbacks=[AveragedWeights(0.7)])
        np.testing.assert_array_equal(net.params, alone.params)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"decay": 1}, ValueError, "decay must be at least 0 and below 1, got 1"),
        ({"decay": "slow"}, TypeError, "decay must be a number, got 'slow'"),
        ({"start_epoch": -1}, ValueError, "start_epoch must be at least 0, got -1"),
        ({"start_epoch": 1.5}, TypeError, "start_epoch must be a whole number, got 1.5"),
        ({"swap": "yes"}, TypeError, "swap must be True or False, got 'yes'"),
    ],
)
def test_what_cannot_be_built(options, error, message):
    with pytest.raises(error, match=message):
        AveragedWeights(**options)


def test_two_would_average_each_other():
    net = small_network()
    before = net.params.copy()
    for callbacks in (
        [AveragedWeights(), AveragedWeights(0.5)],
        [AveragedWeights(), AveragedWeights(swap=False)],
    ):
        with pytest.raises(ValueError, match=r"AveragedWeights, got 2, which .*: leave one out"):
            net.fit(X, Y, callbacks=callbacks)
        np.testing.assert_array_equal(net.params, before)
    apart = [AveragedWeights(0.5, swap=False), AveragedWeights(0.9, swap=False)]
    net.fit(X, Y, epochs=3, callbacks=apart)
    assert not np.array_equal(apart[0].params, apart[1].params)
