"""What the design promises of every kernel: few compiles, no growing allocations, same bits."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from fastnn import Dense, DivergenceError, Network, Population, core
from fastnn._training.state import state_of
from fastnn.callbacks import AveragedWeights
from fastnn.core.simd.bitset import TILE_ROWS
from fastnn.optimizers import NAMED, SGD

from .support.kernels import entries
from .support.networks import HIDDEN, make_data, small_network


def use_everything(net, X, Y):
    """Go through every entry point."""
    sparse = pytest.importorskip("scipy.sparse")
    net.fit(X, Y, epochs=2, metrics=["mae"], validation_data=(X, Y))
    net.fit(X, Y, batch_size=2, shuffle=False)
    for weights in (np.arange(1.0, len(X) + 1), list(range(1, len(X) + 1))):
        net.fit(X, Y, sample_weight=weights)
        net.fit(X, Y, sample_weight=weights, validation_fraction=0.3, batch_size=2)
        net.loss(X, Y, sample_weight=weights)
        net.gradient(X, Y, sample_weight=weights)
    for rows in (sparse.csr_array(X), sparse.csc_matrix(X)):
        net.fit(rows, Y)
        net.fit(rows, Y, optimizer="adam", input_noise=0.1)
        net.fit(rows, Y, optimizer="adam", batch_size=2, validation_fraction=0.3)
        net.predict(rows)
        net.loss(rows, Y)
        net.gradient(rows, Y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastnn._training.model.look_ahead_rows", lambda *_: TILE_ROWS)
        vars(state_of(net).model).pop("n_ahead", None)  # it is asked again
        net.fit(X, Y)
        for optimizer in (SGD(weight_decay=0.1), "momentum"):
            net.fit(X, Y, optimizer=optimizer)
        vars(state_of(net).model).pop("n_ahead", None)
    for optimizer in NAMED:
        net.fit(X, Y, batch_size=None, optimizer=optimizer)
        if optimizer not in ("lbfgs", "irprop"):  # which want all samples
            net.fit(X, Y, optimizer=optimizer)
            x, y = X[0].astype(net.dtype), Y[0].astype(net.dtype)
            net.partial_fit(x, y, optimizer=optimizer).partial_fit(x, y)
    for size, rows in ((1, X), (2, X), (2, sparse.csr_array(X))):
        net.fit(rows, Y, batch_size=size, callbacks=[AveragedWeights(0.5, per="update")])
    net.partial_fit(X[0], Y[0], optimizer="sgd")
    for row in (X[0].astype(net.dtype), np.repeat(X[0].astype(net.dtype), 2)[::2]):
        row.flags.writeable = False
        net.partial_fit(row, Y[0].astype(net.dtype))
    for rows in (X, X.astype(net.dtype), np.repeat(X, 2, axis=0)):
        net.predict(rows)
        net.predict(rows, n_threads=2)
    locked = X[0].astype(net.dtype)
    net.predict(locked)
    locked.flags.writeable = False
    for row in (locked, X[0].tolist(), X[0].astype("float32"), X[0].astype("float64")):
        net.predict(row)
    population = Population([net])
    for rows in (X, X[0], X.astype(net.dtype), sparse.csr_array(X)):
        population.outputs(rows)
        population.predict(rows)
    net.loss(X, Y)
    net.gradient(X, Y)
    net.trace(X, Y)
    for rows, targets in ((X, Y), (sparse.csr_array(X), Y), (X[0], Y[0])):
        net.hidden(rows)
        net.gradient_per_sample(rows, targets)
        net.gradient_of_inputs(rows, targets)
        net.jacobian(rows)


@pytest.mark.compiled
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_signature_per_dtype(dtype):
    start = {str(entry): len(entry.signatures) for entry in entries()}  # other tests' own too
    use_everything(small_network(dtype=dtype), *make_data(5, 3, 2))
    before = {str(entry): len(entry.signatures) for entry in entries()}
    assert min(before.values()) > 0, "an entry point that `use_everything` does not call"
    bounded = [name for name in HIDDEN if name != "exp"]  # a stack of exp overflows
    for k in range(20):
        widths = [1 + (3 * k + layer) % 40 for layer in range(1 + k % 4)]
        activation = bounded[k % len(bounded)]
        layers = [Dense(n, activation, bias=k % 3 > 0) for n in widths]
        X, Y = make_data(5, 1 + k, widths[-1])
        writable, fortran = X, np.asfortranarray(X)
        use_everything(Network(1 + k, layers, dtype=dtype), fortran if k % 2 else writable, Y)
    assert {str(entry): len(entry.signatures) for entry in entries()} == before
    assert max(before[entry] - start[entry] for entry in before) <= 1


ALLOCATIONS = """
    import numpy as np
    from numba import njit
    from numba.core.runtime import rtsys
    from scipy.sparse import csr_array
    from tests.support.networks import make_data, noisy_network, small_network

    @njit
    def control(n):
        for _ in range(n):
            np.empty(3)[0] = 1

    def allocations(function, *args, **options):
        function(*args, **options)
        before = rtsys.get_allocation_stats().alloc
        function(*args, **options)
        return rtsys.get_allocation_stats().alloc - before

    (X, Y), weights = make_data(50, 3, 2), np.arange(50.0)
    for net, rows, options in (
        (small_network(), X, {}),
        (small_network(), csr_array(X), {"sample_weight": weights}),
        (noisy_network(), X, {"optimizer": "adam", "input_noise": 0.1}),
        (noisy_network(), csr_array(X), {"optimizer": "rmsprop", "sample_weight": weights}),
    ):
        for batch_size in (1, 8, None):
            how = {"batch_size": batch_size, **options}
            few = allocations(net.fit, rows, Y, epochs=2, **how)
            print(few, allocations(net.fit, rows, Y, epochs=200, **how))
    print(allocations(control, 2), allocations(control, 200))
"""


@pytest.mark.compiled
def test_allocations_do_not_grow_with_epochs():
    pytest.importorskip("scipy")
    environment = os.environ | {"NUMBA_NRT_STATS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ALLOCATIONS)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    *kernels, control = [tuple(map(int, line.split())) for line in run.stdout.splitlines()]
    assert len(kernels) == 12
    assert all(many == few for few, many in kernels)
    assert control[1] - control[0] >= 198


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_same_seed_same_bits(batch_size):
    X, Y = make_data(9, 3, 2)
    runs = [small_network(seed=11) for _ in range(2)]
    histories = [net.fit(X, Y, epochs=3, batch_size=batch_size) for net in runs]
    np.testing.assert_array_equal(runs[0].params, runs[1].params)
    assert histories[0]["loss"] == histories[1]["loss"]
    other = small_network(seed=12)
    other.fit(X, Y, epochs=3, batch_size=batch_size)
    assert (other.params != runs[0].params).any()


@pytest.mark.parametrize("batch_size", [1, 4, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_resumed_training_equals_uninterrupted(batch_size, shuffle):
    X, Y = make_data(9, 3, 2)
    options = {"batch_size": batch_size, "shuffle": shuffle, "metrics": ["mse"]}
    options |= {"validation_data": (X, Y), "evaluate_every": 3}
    whole, parts = small_network(), small_network()
    expected = whole.fit(X, Y, epochs=20, learning_rate=0.3, **options)
    first = parts.fit(X, Y, epochs=10, learning_rate=0.3, **options)
    second = parts.fit(X, Y, epochs=10, resume=True, **options)
    np.testing.assert_array_equal(parts.params, whole.params)
    assert first.epoch + second.epoch == expected.epoch == list(range(20))
    for name in expected:
        assert first[name] + second[name] == expected[name]
    assert first.epochs_of("val_loss") + second.epochs_of("val_loss") == [0, 3, 6, 9, 12, 15, 18]


@pytest.mark.parametrize("batch_size", [1, 4, 40, None])
def test_slices_do_not_change_a_bit(batch_size, monkeypatch):
    X, Y = make_data(75, 3, 2)  # a batch of 40 is two blocks
    options = {"epochs": 3, "batch_size": batch_size, "learning_rate": 0.3}
    whole, cut = small_network(), small_network()
    expected = whole.fit(X, Y, **options)
    outputs, grad = whole.predict(X), whole.gradient(X, Y)
    monkeypatch.setattr("fastnn._training.model._SLICE", 2 * (cut.params.size + 600))
    assert list(state_of(cut).model.slices(state_of(cut).as_pair(X, Y)[0], 0, 5)) == [
        (0, 2),
        (2, 4),
        (4, 5),
    ]
    got = cut.fit(X, Y, **options)
    np.testing.assert_array_equal(cut.params, whole.params)
    np.testing.assert_array_equal(cut.predict(X), outputs)
    np.testing.assert_array_equal(cut.gradient(X, Y), grad)
    assert got["loss"] == expected["loss"]


def test_a_row_has_the_same_bits_in_every_table():
    X, _ = make_data(33, 3, 2)
    net = Network(3, [Dense(17, "gelu"), Dense(6, "softmax")], loss="cross_entropy", seed=1)
    table = net.predict(X)
    for s, x in enumerate(X):
        np.testing.assert_array_equal(net.predict(x), table[s])
        np.testing.assert_array_equal(net.predict(X[s : s + 5])[0], table[s])


@pytest.mark.parametrize("activation", [*HIDDEN, "softmax"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nan_survives_the_compile_options(activation, dtype):
    loss = "cross_entropy" if activation == "softmax" else "mse"
    X, Y = make_data(3, 3, 2, loss=loss)
    net = Network(3, [Dense(2, activation)], loss=loss, dtype=dtype, seed=0)
    net.weights[0][1, 0] = np.nan
    assert np.isnan(net.predict(X)[:, 0]).all()
    assert np.isnan(net.loss(X, Y))
    assert np.isnan(net.gradient(X, Y)).any()
    with pytest.raises(DivergenceError, match="a loss of nan in epoch 0"):
        net.fit(X, Y)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("activation", "loss"),
    [(name, "mae") for name in HIDDEN if name != "exp"]
    + [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")],
)
def test_extreme_pre_activations_stay_finite(activation, loss, dtype):
    huge = 1e300 if dtype == "float64" else 1e37
    net = Network(1, [Dense(2, activation)], loss=loss, dtype=dtype, seed=0)
    if activation == "elu":
        huge = -huge  # a positive one is its own value
    for z in (huge, -huge, 700.0, -800.0, 0.0):
        net.weights[0][:] = [[z, -z]]
        got = net.trace([[1.0]], [[0.25, 0.75]])[0]
        assert np.isfinite(got.a).all()
        assert np.isfinite(got.delta).all()
        assert np.isfinite(net.loss([[1.0]], [[0.25, 0.75]]))


@pytest.mark.compiled
def test_kernels_that_count_no_references_leave_them_as_they_were():
    net, (X, Y), outputs = small_network(), make_data(5, 3, 2), np.empty(2)
    handle = net.handle()

    def counts_after_calls():
        net.fit(X, Y, batch_size=1)
        net.partial_fit(X[0], Y[0])
        core.predict(handle, X[0], outputs)
        return [sys.getrefcount(array) for array in (X, Y, net.params, outputs)]

    assert counts_after_calls() == counts_after_calls()
