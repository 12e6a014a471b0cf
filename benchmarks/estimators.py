"""The estimators of `fastnn.sklearn` beside scikit-learn's own: scores and time of fitting.

    python benchmarks/estimators.py              # all, some ten minutes
    python benchmarks/estimators.py --seeds 1    # a look
    python benchmarks/estimators.py --write      # and keep the tables in README.md
    python benchmarks/estimators.py --quantiles  # quantile regression only, half a minute

Both are given the same parameters, folds and seeds. It needs the group `bench` and scikit-learn.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from comparison import hold
from sklearn import datasets, neural_network
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from table import Table, circumstances, publish
from threadpoolctl import threadpool_limits

import fastnn.sklearn
from fastnn.losses import Quantile

SETS = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "digits 8x8": datasets.load_digits,
    "diabetes": datasets.load_diabetes,
}
REGRESSIONS = ("diabetes",)
PARAMETERS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "batches of 32, early stopping": {"batch_size": 32, "early_stopping": True},
    "sgd, batches of 1, 20 epochs": {"solver": "sgd", "batch_size": 1, "max_iter": 20},
    "lbfgs": {"solver": "lbfgs"},
}
GRID = {
    "mlpclassifier__hidden_layer_sizes": [(25,), (50,), (25, 25)],
    "mlpclassifier__alpha": [1e-4, 1e-2, 1.0],
}

LEVELS = (0.1, 0.5, 0.9)

SCORES = Table(
    "estimators beside scikit-learn's",
    ("data", "parameters", "fastnn", "scikit-learn", "no worse", "fastnn s", "scikit-learn s",
     "times as fast"),
)  # fmt: skip
SEARCHES = Table(
    "a search of parameters",
    ("data", "fits", "best", "largest difference of scores", "fastnn s", "scikit-learn s",
     "times as fast"),
)  # fmt: skip
QUANTILES = Table(
    "quantiles beside scikit-learn's",
    ("data", "model", "pinball loss", "targets within", "rows that cross", "s"),
)


@dataclass
class Side:
    """What one of the two libraries reached: a score and seconds for each seed and fold."""

    model: Any
    scores: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The mean score."""
        return float(np.mean(self.scores))

    @property
    def error(self) -> float:
        """The standard error of the mean score."""
        return float(np.std(self.scores, ddof=1) / np.sqrt(len(self.scores)))


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked to; return 1 where a score is worse than the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many (%(default)s)")
    parser.add_argument("--write", action="store_true", help="keep the tables in README.md")
    parser.add_argument("--quantiles", action="store_true", help="quantile regression only")
    options = hold.parse(parser, arguments)
    warnings.simplefilter("ignore", ConvergenceWarning)
    note = f"{circumstances()} scikit-learn {version('scikit-learn')}. {options.seeds} seeds."
    print(note, flush=True)
    with threadpool_limits(1):
        quantiles("diabetes", range(options.seeds))
        is_worse = []
        if not options.quantiles:
            is_worse = [
                compare(name, label, range(options.seeds)) for name in SETS for label in PARAMETERS
            ]
            search("digits 8x8")
    publish((SCORES, SEARCHES, QUANTILES), note, write=options.write)
    return int(any(is_worse))


def compare(name: str, label: str, seeds: Sequence[int]) -> bool:
    """Enter five-fold scores and times; tell whether ours are worse by a standard error."""
    X, y = SETS[name](return_X_y=True)
    ours, theirs = [Side(estimator(module, name, label)) for module in modules()]
    clone(ours.model).fit(X, y)  # to have the kernels compiled
    folds = (KFold if name in REGRESSIONS else StratifiedKFold)(5, shuffle=True)
    for seed in seeds:
        folds.random_state = seed
        for k, (train, test) in enumerate(folds.split(X, y)):
            for side in (ours, theirs) if k % 2 else (theirs, ours):
                model = clone(side.model).set_params(**seeded(side.model, seed))
                begin = perf_counter()
                model.fit(X[train], y[train])
                side.seconds.append(perf_counter() - begin)
                side.scores.append(model.score(X[test], y[test]))
    is_worse = ours.mean < theirs.mean - theirs.error
    SCORES.add(
        name, label,
        *(f"{side.mean:.4f} ± {side.error:.4f}" for side in (ours, theirs)),
        "NO" if is_worse else "yes",
        *times(ours.seconds, theirs.seconds),
    )  # fmt: skip
    print(*SCORES.rows[-1], sep="  ", flush=True)
    return is_worse


def search(name: str, n_rounds: int = 3) -> None:
    """Enter a search with scikit-learn's estimator, and with the import line changed."""
    X, y = SETS[name](return_X_y=True)
    seconds: list[list[float]] = [[], []]
    for _ in range(n_rounds):
        found = []
        for side, module in zip(seconds, modules(), strict=True):
            model = module.MLPClassifier(random_state=0, early_stopping=True)
            grid = GridSearchCV(make_pipeline(StandardScaler(), model), GRID)
            begin = perf_counter()
            found.append(grid.fit(X, y))
            side.append(perf_counter() - begin)
    scores = [grid.cv_results_["mean_test_score"] for grid in found]
    best = found[0].best_params_
    if best != found[1].best_params_:
        raise ValueError(f"both must find the same, got {best} and {found[1].best_params_}")
    SEARCHES.add(
        name, str(5 * len(scores[0]) + 1),
        ", ".join(f"{key.split('__')[1]} {value}" for key, value in best.items()),
        f"{np.abs(scores[0] - scores[1]).max():.1e}",
        *times(*seconds),
    )  # fmt: skip


def quantiles(name: str, seeds: Sequence[int]) -> None:
    """Enter five-fold pinball losses of the levels: one network, and a model of each level.

    All have the parameters that they have by default, but for the penalty of the linear model,
    which by default makes it a constant, and the early stopping of the network.
    """
    X, y = SETS[name](return_X_y=True)
    models = {
        "MLPRegressor(loss=Quantile)": [
            fastnn.sklearn.MLPRegressor(Quantile(LEVELS), early_stopping=True, max_iter=2000)
        ],
        "QuantileRegressor": [QuantileRegressor(quantile=level, alpha=0) for level in LEVELS],
        "HistGradientBoostingRegressor": [
            HistGradientBoostingRegressor(loss="quantile", quantile=level) for level in LEVELS
        ],
    }
    figures: dict[str, list[Sequence[float]]] = {label: [] for label in models}
    for seed in seeds:
        folds = KFold(5, shuffle=True, random_state=seed)
        for fold in folds.split(X, y):
            for label, parts in models.items():
                figures[label].append(quantiles_of(parts, X, y, fold, seed))
    for label, rows in figures.items():
        loss, within, crossing, seconds = np.transpose(rows)
        error = loss.std(ddof=1) / np.sqrt(len(loss))
        QUANTILES.add(
            name, label, f"{loss.mean():.4f} ± {error:.4f}", f"{within.mean():.0%}",
            f"{crossing.mean():.1%}", f"{median(seconds):.3f}",
        )  # fmt: skip
        print(*QUANTILES.rows[-1], sep="  ", flush=True)


def quantiles_of(
    models: Sequence[Any], X: Any, y: Any, fold: tuple[Any, Any], seed: int
) -> tuple[float, float, float, float]:
    """Return the loss over the levels, in deviations of y, and what else is entered of a fold."""
    train, test = fold
    scale = StandardScaler().fit(X[train])
    mean, deviation = y[train].mean(), y[train].std()
    targets, held = (y[train] - mean) / deviation, (y[test] - mean) / deviation
    columns, seconds = [], 0.0
    for model in models:
        twin = clone(model)
        if "random_state" in twin.get_params():
            twin.set_params(random_state=seed)
        begin = perf_counter()
        twin.fit(scale.transform(X[train]), targets)
        seconds += perf_counter() - begin
        columns.append(twin.predict(scale.transform(X[test])))
    outputs = np.column_stack(columns)
    losses = [
        mean_pinball_loss(held, column, alpha=level)
        for level, column in zip(LEVELS, outputs.T, strict=True)
    ]
    within = (outputs[:, 0] <= held) & (held <= outputs[:, -1])
    crossing = (np.diff(outputs, axis=1) < 0).any(axis=1)
    return float(np.mean(losses)), float(within.mean()), float(crossing.mean()), seconds


def times(ours: Sequence[float], theirs: Sequence[float]) -> tuple[str, str, str]:
    """Return both medians, and that of the ratios pair by pair."""
    ratio = median(b / a for a, b in zip(ours, theirs, strict=True))
    return f"{median(ours):.3f}", f"{median(theirs):.3f}", f"{ratio:.2f}"


def modules() -> tuple[Any, Any]:
    """Return the two modules that an import line may name."""
    return fastnn.sklearn, neural_network


def estimator(module: Any, name: str, label: str) -> Any:
    """Return the model for a set of data: it standardises inputs, and targets that are numbers."""
    if name not in REGRESSIONS:
        return make_pipeline(StandardScaler(), module.MLPClassifier(**PARAMETERS[label]))
    model = make_pipeline(StandardScaler(), module.MLPRegressor(**PARAMETERS[label]))
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def seeded(model: Any, seed: int) -> dict[str, int]:
    """Return the seed under the name that it has in the model."""
    return {name: seed for name in model.get_params() if name.endswith("__random_state")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
