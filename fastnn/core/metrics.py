"""The loss and the metrics, added up over samples.

A row of sums holds the loss, then each metric asked for, in float64 whatever the dtype of the
network: a float32 sum over 60000 samples would lose three digits.

A metric is a code. That of a part of the outputs, a head, is one number too: the metric, which
output is the first and how many there are. The losses of parts come before all others, every one.
"""

from .jit import inner
from .layout import output_range
from .losses import add_losses_of_parts, sample_loss
from .pointers import n_parts_of

ACCURACY, MSE, MAE, LOSS_OF_PART = range(4)
CODES = {"accuracy": ACCURACY, "mse": MSE, "mae": MAE}
_KIND, _FIRST = 8, 24  # bits of a code: the metric, which output is the first; then how many
_METRIC = (1 << _KIND) - 1


def code_of_part(metric: int, first: int, n_out: int) -> int:
    """Return the code of a metric of the outputs from `first` on."""
    return metric | first << _KIND | n_out << (_KIND + _FIRST)


@inner
def same_argmax(a, start, stop, y, first):
    """Return True if a[start:stop] and y[first:] are largest at the same place; first of equals."""
    best, best_y = 0, 0
    for j in range(1, stop - start):
        if a[start + j] > a[start + best]:
            best = j
        if y[first + j] > y[first + best_y]:
            best_y = j
    return best == best_y


@inner
def sample_metric(code, a, start, stop, y):
    """Return the metric of one sample, whose outputs are a[start:stop].

    accuracy   1 where the largest output is at the largest target; a single output and its
               target are compared after rounding at 1/2
    mse, mae   mean over the outputs of the squared or absolute error
    """
    metric = code & _METRIC
    first, n_out = (code >> _KIND) & ((1 << _FIRST) - 1), code >> (_KIND + _FIRST)
    if n_out == 0:  # all of them
        n_out = stop - start
    start += first
    if metric == ACCURACY:
        if n_out == 1:
            return 1.0 if (a[start] > 0.5) == (y[first] > 0.5) else 0.0
        return 1.0 if same_argmax(a, start, start + n_out, y, first) else 0.0
    value = 0.0
    for j in range(n_out):
        error = abs(a[start + j] - y[first + j])
        value += error * error if metric == MSE else error
    return value / n_out


@inner
def add_metrics(net, metrics, sample, y, weight, sums):
    """Add the loss and the metrics of one sample, times its weight, to `sums`, in place."""
    if weight == 0:  # not even an infinite loss counts
        return
    start, stop = output_range(net.layer_table)
    known = 0
    if metrics.shape[0] > 0 and metrics[0] == LOSS_OF_PART:
        known = n_parts_of(net.loss)
        add_losses_of_parts(net.loss, sample.z, sample.a, start, y, weight, sums)
    else:
        sums[0] += weight * sample_loss(net.loss, sample.z, sample.a, start, stop, y)
    for m in range(known, metrics.shape[0]):
        sums[1 + m] += weight * sample_metric(metrics[m], sample.a, start, stop, y)
