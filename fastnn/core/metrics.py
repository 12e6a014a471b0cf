"""The loss and the metrics, added up over samples.

A row of sums holds the loss, then each metric asked for, in float64 whatever the dtype of the
network: a float32 sum over 60000 samples would lose three digits.
"""

from .jit import inner
from .layout import output_range
from .losses import sample_loss

ACCURACY, MSE, MAE = range(3)
CODES = {"accuracy": ACCURACY, "mse": MSE, "mae": MAE}


@inner
def same_argmax(a, start, stop, y):
    """Return True if the largest of a[start:stop] is where that of `y` is; first of equals."""
    best, best_y = 0, 0
    for j in range(1, stop - start):
        if a[start + j] > a[start + best]:
            best = j
        if y[j] > y[best_y]:
            best_y = j
    return best == best_y


@inner
def sample_metric(code, a, start, stop, y):
    """Return the metric of one sample, whose outputs are a[start:stop].

    accuracy   1 where the largest output is at the largest target; a single output and its
               target are compared after rounding at 1/2
    mse, mae   mean over the outputs of the squared or absolute error
    """
    n_out = stop - start
    if code == ACCURACY:
        if n_out == 1:
            return 1.0 if (a[start] > 0.5) == (y[0] > 0.5) else 0.0
        return 1.0 if same_argmax(a, start, stop, y) else 0.0
    value = 0.0
    for j in range(n_out):
        error = abs(a[start + j] - y[j])
        value += error * error if code == MSE else error
    return value / n_out


@inner
def add_metrics(net, metrics, sample, y, weight, sums):
    """Add the loss and the metrics of one sample, times its weight, to `sums`, in place."""
    start, stop = output_range(net.layer_table)
    sums[0] += weight * sample_loss(net.loss, sample.z, sample.a, start, stop, y)
    for m in range(metrics.shape[0]):
        sums[1 + m] += weight * sample_metric(metrics[m], sample.a, start, stop, y)
