"""Weights averaged after each update, beside their definition over those of the naive network."""

import pickle

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network, Population
from fastnn._training.state import state_of
from fastnn.callbacks import AveragedWeights, EarlyStopping
from fastnn.core.optimizers import KEY
from fastnn.core.scratch import BLOCK_ROWS
from fastnn.core.simd.bitset import TILE_ROWS
from fastnn.exchange import to_torch
from fastnn.optimizers import NAMED, Adam, CompiledOptimizer
from fastnn.reference import Optimizer

from ..support.networks import (
    check_same,
    drawn_masks,
    drawn_noise,
    make_data,
    make_pair,
    noisy_network,
    small_network,
)
from ..support.training import Recorder

pytestmark = pytest.mark.filterwarnings("ignore:batch_size must be None for irprop")

X, Y = make_data(12, 3, 2)
COMPILED = [name for name, kind in NAMED.items() if issubclass(kind, CompiledOptimizer)]
TOLERANCES = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 1e-4, "atol": 1e-5}}


class Averages:
    """The average of a naive network's weights and biases, by its definition."""

    def __init__(self, reference, decay):
        self.reference, self.decay, self.n, self.arrays = reference, decay, 0, None
        self._update, reference.update = reference.update, self.update

    def update(self, *args, **options):
        losses = self._update(*args, **options)
        arrays = [*self.reference.weights, *(b for b in self.reference.biases if b is not None)]
        now = [array.astype(np.float64) for array in arrays]
        self.n += 1
        if self.n == 1:
            self.arrays = now
            return losses
        d = 1 - 1 / self.n if self.decay is None else self.decay
        self.arrays = [d * old + (1 - d) * new for old, new in zip(self.arrays, now, strict=True)]
        return losses

    def check(self, net, average, dtype):
        """Compare the network, which has the average in its dtype, and what the callback has."""
        got = [*net.weights, *(b for b in net.biases if b is not None)]
        for one, expected in zip(got, self.arrays, strict=True):
            np.testing.assert_allclose(one, expected, **TOLERANCES[dtype])
        assert average.n_averaged == self.n
        np.testing.assert_array_equal(net.params, average.params.astype(dtype))
        net.params = average.raw_params
        check_same(net, self.reference, TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("optimizer", COMPILED)
@pytest.mark.parametrize("decay", [0.9, None])
def test_equals_the_definition(decay, optimizer, batch_size, dtype):
    net, reference = make_pair(small_network(dtype=dtype))
    expected, average = Averages(reference, decay), AveragedWeights(decay, per="update")
    how = {"epochs": 3, "batch_size": batch_size}
    net.fit(X, Y, optimizer=optimizer, shuffle=False, callbacks=[average], **how)
    reference.fit(X, Y, optimizer=Optimizer.like(NAMED[optimizer]()), **how)
    expected.check(net, average, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
@pytest.mark.parametrize("n_ahead", [1, TILE_ROWS])
def test_equals_it_where_layer_0_would_look_ahead(n_ahead, optimizer, dtype, monkeypatch):
    monkeypatch.setattr("fastnn._training.model.look_ahead_rows", lambda *_: n_ahead)
    net, reference = make_pair(
        Network(70, [Dense(19, "tanh"), Dense(3, "sigmoid")], dtype=dtype, seed=3)
    )
    rows, targets = make_data(30, 70, 3)
    rows[rows < 0.2] = 0
    expected, average = Averages(reference, 0.9), AveragedWeights(0.9, per="update")
    net.fit(rows, targets, epochs=2, optimizer=optimizer, shuffle=False, callbacks=[average])
    reference.fit(rows, targets, epochs=2, optimizer=Optimizer.like(NAMED[optimizer]()))
    expected.check(net, average, dtype)


@pytest.mark.parametrize("batch_size", [1, 3, None])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_equals_it_with_noise_penalties_and_weights_of_0(optimizer, batch_size):
    weights = np.array([0, 0, 0, 2, 0.5, 1, 0, 1, 1, 1, 1, 1])  # one batch weighs nothing
    layers = [Dense(9, "tanh", dropout=0.3, l2=0.01), Dense(2, "sigmoid", max_norm=0.5)]
    net, reference = make_pair(Network(3, layers, seed=0, loss="half_sse"))
    expected, average = Averages(reference, 0.8), AveragedWeights(0.8, per="update")
    how = {"epochs": 3, "batch_size": batch_size, "sample_weight": weights}
    options = {"optimizer": optimizer, "input_noise": 0.3, "shuffle": False}
    net.fit(X, Y, callbacks=[average], **options, **how)
    key = int(state_of(net).training.counters[KEY])
    masks, noise = drawn_masks(net, key, 3, 12), drawn_noise(net, key, 0.3, 3, 12)
    optimizer = Optimizer.like(NAMED[optimizer]())
    reference.fit(X, Y, optimizer=optimizer, masks=masks, noise=noise, **how)
    expected.check(net, average, "float64")


def test_equals_it_in_batches_of_several_blocks_and_sparse_rows():
    sparse = pytest.importorskip("scipy.sparse")
    rows, targets = make_data(2 * BLOCK_ROWS + 7, 3, 2)
    rows[rows < 0] = 0
    for given in (rows, sparse.csr_array(rows)):
        for batch_size in (1, BLOCK_ROWS + 3):
            net, reference = make_pair(small_network())
            expected, average = Averages(reference, 0.5), AveragedWeights(0.5, per="update")
            how = {"epochs": 2, "batch_size": batch_size}
            net.fit(given, targets, shuffle=False, callbacks=[average], **how)
            reference.fit(rows, targets, **how)
            expected.check(net, average, "float64")


def test_equals_pytorchs():
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    net, average = (
        Network(3, [Dense(2)], loss="half_sse", seed=0),
        AveragedWeights(0.999, per="update"),
    )
    module = to_torch(net)
    averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.999))
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    for rows in 3 * [slice(0, 5), slice(5, 10), slice(10, 12)]:
        optimizer.zero_grad()
        error = module(torch.tensor(X[rows])) - torch.tensor(Y[rows])
        (0.5 * error**2).sum(axis=1).mean().backward()
        optimizer.step()
        averaged.update_parameters(module)
    how = {"epochs": 3, "batch_size": 5, "optimizer": Adam(0.01), "shuffle": False}
    net.fit(X, Y, callbacks=[average], **how)
    expected = dict(averaged.module.named_parameters())["0.weight"].detach().numpy().T
    np.testing.assert_allclose(net.weights[0], expected, rtol=1e-9)


def test_a_small_share_is_not_lost_in_float32():
    """The weight goes from 1 to 3 and back: four times a share of 1e-8 is below float32's bits."""
    net = Network(1, [Dense(1, weights=[[1.0]], bias=False)], dtype="float32")
    average = AveragedWeights(1 - 1e-8, per="update")
    net.fit([[1.0]] * 9, [2.0] * 9, callbacks=[average], learning_rate=1.0)
    assert average.params.max() == pytest.approx(3 - 4 * 2e-8, abs=1e-13)
    assert net.params.max() == 3


@pytest.mark.parametrize("batch_size", [1, 5])
def test_slices_change_no_bit(batch_size, monkeypatch):
    whole, cut = small_network(), small_network()
    how = {"epochs": 5, "batch_size": batch_size, "optimizer": "adam"}
    averages = [AveragedWeights(0.9, per="update") for _ in range(2)]
    whole.fit(X, Y, callbacks=averages[:1], **how)
    monkeypatch.setattr("fastnn._training.model._SLICE", 1)
    cut.fit(X, Y, callbacks=averages[1:], **how)
    np.testing.assert_array_equal(cut.params, whole.params)
    np.testing.assert_array_equal(averages[1].raw_params, averages[0].raw_params)


@pytest.mark.parametrize("batch_size", [5, None])
def test_training_itself_is_not_changed_by_a_bit(batch_size):
    net, alone, average = noisy_network(), noisy_network(), AveragedWeights(0.9, per="update")
    how = {"epochs": 4, "batch_size": batch_size, "optimizer": "adam"}
    history = net.fit(X, Y, callbacks=[average], **how)
    expected = alone.fit(X, Y, **how)
    np.testing.assert_array_equal(average.raw_params, alone.params)
    assert history["loss"] == expected["loss"]


@pytest.mark.parametrize("start_epoch", [0, 1, 3])
@pytest.mark.parametrize("validation", [{}, {"validation_data": (X, Y)}])
def test_it_starts_at_an_epoch(start_epoch, validation):
    """Four updates an epoch of twelve samples; without validation a call spans several epochs."""
    net, seen = small_network(), Recorder()
    small_network().fit(X, Y, epochs=5, batch_size=12, callbacks=[seen])
    average = AveragedWeights(None, per="update", start_epoch=start_epoch)
    net.fit(X, Y, epochs=5, batch_size=12, callbacks=[average], **validation)
    assert average.n_averaged == 5 - start_epoch
    np.testing.assert_allclose(net.params, np.mean(seen.params[start_epoch:], axis=0), rtol=1e-12)


def test_the_first_epochs_may_come_to_nothing():
    net, average, twin = small_network(), AveragedWeights(per="update", start_epoch=6), Recorder()
    net.fit(X, Y, epochs=6, batch_size=5, callbacks=[average])
    small_network().fit(X, Y, epochs=6, batch_size=5, callbacks=[twin])
    np.testing.assert_array_equal(net.params, twin.params[-1])
    assert (average.params, average.n_averaged) == (None, 0)


def test_validation_and_callbacks_see_the_average():
    seen, average, net = Recorder(), AveragedWeights(0.7, per="update"), small_network()
    stopping = EarlyStopping(patience=30)
    callbacks = [seen, stopping, average]
    history = net.fit(X, Y, epochs=6, validation_data=(X, Y), callbacks=callbacks)
    twin = small_network()
    for params, figure in zip(seen.params, history["val_loss"], strict=True):
        twin.params = params
        assert twin.loss(X, Y) == pytest.approx(figure, rel=1e-12)
    best = int(np.argmin(history["val_loss"]))
    np.testing.assert_array_equal(net.params, seen.params[best])


def test_a_network_that_is_left_alone():
    net, twin = small_network(), small_network()
    swapped, average = (AveragedWeights(0.7, per="update", swap=swap) for swap in (True, False))
    by_epoch = AveragedWeights(0.7, swap=False)
    net.fit(X, Y, epochs=6, callbacks=[average, by_epoch])
    twin.fit(X, Y, epochs=6, callbacks=[swapped])
    np.testing.assert_array_equal(net.params, swapped.raw_params)
    np.testing.assert_array_equal(average.params, swapped.params)
    assert (by_epoch.n_averaged, average.n_averaged) == (6, 72)


@pytest.mark.parametrize("decay", [0.9, None])
@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("is_stored", [False, True])
def test_it_goes_on_where_training_is_resumed(decay, batch_size, is_stored):
    how = {"optimizer": "momentum", "batch_size": batch_size, "input_noise": 0.1}
    whole, parts = noisy_network(), noisy_network()
    average = AveragedWeights(decay, per="update", start_epoch=1)
    twin = AveragedWeights(decay, per="update", start_epoch=1)
    whole.fit(X, Y, epochs=9, callbacks=[twin], **how)
    for resume in (False, True, True):
        parts.fit(X, Y, epochs=3, callbacks=[average], resume=resume, **how)
        if is_stored:  # what another process would go on from
            parts, average = pickle.loads(pickle.dumps((parts, average)))
    np.testing.assert_array_equal(parts.params, whole.params)
    assert average.n_averaged == twin.n_averaged == 8 * -(-12 // batch_size)


def test_it_starts_anew_in_a_training_that_does():
    average = AveragedWeights(0.9, per="update")
    for _ in range(2):
        net = small_network()
        net.fit(X, Y, epochs=3, callbacks=[average])
        assert average.n_averaged == 36
    twin = small_network()
    twin.fit(X, Y, epochs=3, callbacks=[AveragedWeights(0.9, per="update")])
    np.testing.assert_array_equal(net.params, twin.params)


@pytest.mark.parametrize("batch_size", [1, 5])
def test_a_divergence_leaves_the_average_of_the_epochs_before(batch_size):
    """A call spans all three epochs, of which the first two stand."""
    rates = [0.01, 0.01, 1e300]
    net, twin = (Network(3, [Dense(2)], seed=0) for _ in range(2))
    average, expected = (AveragedWeights(0.7, per="update") for _ in range(2))
    options = {"learning_rate": rates.__getitem__, "batch_size": batch_size}
    twin.fit(X, Y, epochs=2, callbacks=[expected], **options)
    with pytest.raises(DivergenceError):
        net.fit(X, Y, epochs=3, callbacks=[average], **options)
    np.testing.assert_array_equal(net.params, twin.params)
    assert average.n_averaged == expected.n_averaged


def test_an_interrupted_span_leaves_no_trace():
    class Interrupt(Recorder):
        def epoch(self, run):
            super().epoch(run)
            if run.epoch == 1:
                raise KeyboardInterrupt

    net, twin = small_network(), small_network()
    average, expected = (AveragedWeights(0.7, per="update") for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, Y, epochs=6, callbacks=[Interrupt(), average])
    net.fit(X, Y, epochs=4, callbacks=[average], resume=True)
    twin.fit(X, Y, epochs=6, callbacks=[expected])
    np.testing.assert_array_equal(net.params, twin.params)
    assert state_of(net).training.average is None


def test_chunks_are_one_training():
    net, twin = small_network(), small_network()
    average, expected = (AveragedWeights(0.7, per="update") for _ in range(2))
    chunks = [(X[:6], Y[:6]), (X[6:], Y[6:])]
    net.fit(chunks, epochs=3, batch_size=3, shuffle=False, callbacks=[average])
    twin.fit(X, Y, epochs=3, batch_size=3, shuffle=False, callbacks=[expected])
    np.testing.assert_allclose(net.params, twin.params, rtol=1e-12)
    assert average.n_averaged == expected.n_averaged == 12


def test_each_network_of_a_population_has_its_own():
    population = Population(small_network(seed=seed) for seed in range(3))
    settings = [{"callbacks": [AveragedWeights(0.7, per="update")]} for _ in population]
    population.fit(X, Y, epochs=6, n_threads=2, settings=settings)
    for seed, net in enumerate(population):
        alone = small_network(seed=seed)
        alone.fit(X, Y, epochs=6, callbacks=[AveragedWeights(0.7, per="update")])
        np.testing.assert_array_equal(net.params, alone.params)


def test_what_is_frozen_keeps_its_bits():
    def make():
        layers = [Dense(5, "tanh", trainable=False), Dense(2)]
        return Network(3, layers, seed=0)

    net = make()
    net.fit(X, Y, epochs=6, callbacks=[AveragedWeights(0.9, per="update")])
    np.testing.assert_array_equal(net.weights[0], make().weights[0])
    assert not np.array_equal(net.weights[1], make().weights[1])


def test_the_usual_decay_is_that_of_its_period():
    assert AveragedWeights().decay == 0.9
    assert AveragedWeights(per="update").decay == 0.999


@pytest.mark.parametrize(("per", "needed", "epochs"), [("epoch", 10, 10), ("update", 1000, 84)])
def test_too_few_for_the_usual_decay_are_said_once(per, needed, epochs):
    """Each epoch has twelve updates."""
    average, net = AveragedWeights(per=per), small_network()
    how = {"callbacks": [average], "learning_rate": 1e-3}
    with pytest.warns(
        UserWarning, match=f"at least {needed} {per}s .* decay=None, or train"
    ) as seen:
        net.fit(X, Y, epochs=epochs - 1, **how)
    assert [warning.filename for warning in seen] == [__file__]
    np.testing.assert_array_equal(net.params, average.params)
    net.fit(X, Y, resume=True, **how)  # all from here on would be errors
    net.fit(X, Y, **how)
    net.fit(X, Y, epochs=epochs, callbacks=[AveragedWeights(per=per)], learning_rate=1e-3)
    for decay in (0.9 if per == "epoch" else 0.999, None):
        net.fit(X, Y, callbacks=[AveragedWeights(decay, per=per)])


def test_what_cannot_be():
    by_update = AveragedWeights(per="update", swap=False)
    net = small_network()
    before = net.params.copy()
    with pytest.raises(ValueError, match="per must be one of 'epoch', 'update'; got 'batch'"):
        AveragedWeights(per="batch")
    with pytest.raises(ValueError, match="one AveragedWeights per 'update', got 2"):
        net.fit(X, Y, callbacks=[by_update, AveragedWeights(0.5, per="update", swap=False)])
    pytest.importorskip("scipy")
    with pytest.raises(ValueError, match="must have per='epoch' with L-BFGS, whose epochs are"):
        net.fit(X, Y, optimizer="lbfgs", batch_size=None, callbacks=[by_update])
    np.testing.assert_array_equal(net.params, before)
