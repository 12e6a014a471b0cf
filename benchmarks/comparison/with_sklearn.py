"""scikit-learn's MLPClassifier, which has no squared error over sigmoids.

Given one-hot targets it takes the labels of a sample for independent, and minimises the binary
cross-entropy of sigmoid outputs: the same arithmetic but for one factor, a (1 - a), in the last
delta. What it reaches is shown, and compared with nobody's. Its predictions are the task's own.
"""

from sklearn.neural_network import MLPClassifier

from .task import Array, Layers, Task


def classifier(task: Task) -> MLPClassifier:
    """Make a classifier at the task's start."""
    net = MLPClassifier(
        task.widths[1:-1], activation="logistic", solver=task.optimizer, alpha=0.0, momentum=0.0,
        nesterovs_momentum=False, batch_size=task.batch_size, shuffle=False,
        learning_rate_init=task.learning_rate, random_state=0,
    )  # fmt: skip
    X, Y = samples(task)
    labels = list(range(max(2, task.widths[-1])))
    first = slice(task.batch_size)
    net.partial_fit(X[first], Y[first], classes=labels)  # allocates; `restore` sets the start
    restore(net, task.start())
    return net


def samples(task: Task) -> tuple[Array, Array]:
    """Return inputs and targets; those of a single output as labels, not as a table."""
    X, Y = task.samples()
    return X, Y[:, 0] if task.widths[-1] == 1 else Y


def restore(net: MLPClassifier, start: Layers) -> None:
    """Copy the start into the classifier's own arrays, and forget the optimiser's state."""
    for (W_start, b_start), W, b in zip(start, net.coefs_, net.intercepts_, strict=True):
        W[:], b[:] = W_start, b_start
    vars(net).pop("_optimizer", None)  # `partial_fit` makes another


class Training:
    """One call of `partial_fit`: one epoch in batches."""

    def __init__(self, task: Task, variant: str) -> None:
        self._X, self._Y = samples(task)
        self._start = task.start()
        self._net = classifier(task)

    def restore(self) -> None:
        """Go back to the start."""
        restore(self._net, self._start)

    def run(self) -> None:
        """Go once through the samples."""
        self._net.partial_fit(self._X, self._Y)

    def weights(self) -> Layers:
        """Return the layers."""
        return list(zip(self._net.coefs_, self._net.intercepts_, strict=True))


class Prediction:
    """`predict_proba`: the outputs of the network; of a single one also what it lacks to 1."""

    def __init__(self, task: Task, variant: str) -> None:
        self._net = classifier(task)
        self._first = 1 if task.widths[-1] == 1 else 0

    def prepare(self, X: Array) -> Array:
        """Make a row a table: it takes nothing else."""
        return X.reshape(-1, X.shape[-1])

    def predict(self, X: Array) -> Array:
        """Compute the outputs."""
        return self._net.predict_proba(X)[:, self._first :]
