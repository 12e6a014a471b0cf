"""Streams of dicts: fastnn.river beside river's own models; how the defaults were chosen.

    python benchmarks/streams.py            # accuracy and time; some minutes
    python benchmarks/streams.py --write    # and keep the tables in README.md
    python benchmarks/streams.py --choose   # the streams that chose the defaults; half an hour

It needs the group `streams`. Each sample is predicted, then learnt from. Features have been scaled
by river's StandardScaler beforehand, but for words.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from itertools import accumulate, product
from statistics import mean, median, stdev
from time import perf_counter
from typing import Any

from river import datasets, linear_model, preprocessing, tree
from river.datasets import synth
from table import Table, circumstances, publish

from fastnn.river import MLPClassifier

Sample = tuple[dict[Any, float], Any]
N_SEEDS, N_ROUNDS, N_TIMED = 5, 200, 50
METHODS = ("learn_one", "predict_one", "predict_proba_one")
MODELS: dict[str, Callable[[int], Any]] = {
    "fastnn": lambda seed: MLPClassifier(seed=seed),
    "fastnn, sgd": lambda seed: MLPClassifier(optimizer="sgd", learning_rate=0.03, seed=seed),
    "LogisticRegression": lambda _: linear_model.LogisticRegression(),
    "HoeffdingTreeClassifier": lambda _: tree.HoeffdingTreeClassifier(),
}
ACCURACY = Table("accuracy on streams", ("stream", "samples", "features", *MODELS))
TIMES = Table(
    "time on streams",
    ("stream", "call", *(f"{name}, us" for name in MODELS), "fastnn / LogisticRegression"),
)


def main(argv: list[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--choose", action="store_true")
    options = parser.parse_args(argv)
    if options.choose:
        choose()
        return 0
    for name, samples in streams():
        compare(name, samples)
    note = f"{circumstances()} river {version('river')}."
    return publish((ACCURACY, TIMES), note, write=options.write)


# ---- streams -------------------------------------------------------------------------------------


def streams() -> Iterator[tuple[str, list[Sample]]]:
    """Yield the streams of the tables."""
    yield "Phishing", scaled(datasets.Phishing())
    yield "Bananas", scaled(datasets.Bananas())
    yield "Hyperplane, 200 features", scaled(synth.Hyperplane(seed=2, n_features=200).take(5000))
    yield "words", list(words(5000))


def scaled(samples: Iterable[Sample]) -> list[Sample]:
    """Return the samples, each scaled by all up to it."""
    scaler, result = preprocessing.StandardScaler(), []
    for x, y in samples:
        scaler.learn_one(x)
        result.append((scaler.transform_one(x), y))
    return result


def words(n_samples: int, n_words: int = 4000) -> Iterator[Sample]:
    """Yield texts of 20 words each, counted; a word says a little of the class, rare ones more.

    The number of different words grows with the stream, as it does in a language.
    """
    draw = random.Random(3)
    weights = list(accumulate(1 / rank for rank in range(1, n_words + 1)))
    leaning = [draw.gauss(0, 0.5) for _ in range(n_words)]
    for _ in range(n_samples):
        text = draw.choices(range(n_words), cum_weights=weights, k=20)
        counts: dict[Any, float] = {}
        for word in text:
            counts[f"word {word}"] = counts.get(f"word {word}", 0.0) + 1.0
        yield counts, sum(leaning[word] for word in text) + draw.gauss(0, 0.5) > 0


# ---- comparison ----------------------------------------------------------------------------------


def compare(name: str, samples: list[Sample]) -> None:
    """Add the lines of a stream to the tables."""
    n_features = len({feature for x, _ in samples for feature in x})
    scores = {model: accuracies(make, samples) for model, make in MODELS.items()}
    ACCURACY.add(name, str(len(samples)), str(n_features), *map(shown, scores.values()))
    seconds = times(samples)
    for method in METHODS:
        ratios = [
            ours / theirs
            for ours, theirs in zip(
                seconds["fastnn", method], seconds["LogisticRegression", method], strict=True
            )
        ]
        columns = [f"{median(seconds[model, method]) * 1e6:.2f}" for model in MODELS]
        TIMES.add(name, method, *columns, f"{median(ratios):.2f}")


def accuracies(make: Callable[[int], Any], samples: list[Sample]) -> list[float]:
    """Return the share of right predictions, for each seed if that matters."""
    n_seeds = N_SEEDS if isinstance(make(0), MLPClassifier) else 1
    return [accuracy(make(seed), samples) for seed in range(n_seeds)]


def accuracy(model: Any, samples: list[Sample]) -> float:
    """Return the share of samples of which the model predicts the class, before it learns."""
    n_right = 0
    for x, y in samples:
        n_right += model.predict_one(x) == y
        model.learn_one(x, y)
    return n_right / len(samples)


def shown(scores: list[float]) -> str:
    """Return the mean, and the standard deviation over seeds."""
    spread = f" ± {stdev(scores):.3f}" if len(scores) > 1 else ""
    return f"{mean(scores):.3f}{spread}"


def times(samples: list[Sample]) -> dict[tuple[str, str], list[float]]:
    """Return the seconds a sample of each model and method, a figure a round; models take turns.

    The models have seen the whole stream before: what is timed is the last samples again. A round
    is short, so that few are interrupted on a busy machine.
    """
    models = {name: make(0) for name, make in MODELS.items()}
    for model in models.values():
        for x, y in samples:
            model.learn_one(x, y)
    last, seconds = samples[-N_TIMED:], {key: [] for key in product(models, METHODS)}
    for _ in range(N_ROUNDS):
        for method, (name, model) in product(METHODS, models.items()):
            call = getattr(model, method)
            begin = perf_counter()
            if method == "learn_one":
                for x, y in last:
                    call(x, y)
            else:
                for x, _ in last:
                    call(x)
            seconds[name, method].append((perf_counter() - begin) / len(last))
    return seconds


# ---- the choice of the defaults ------------------------------------------------------------------


def changing(before: Any, after: Any) -> Any:
    """Return a stream whose concept changes at its middle."""
    return synth.ConceptDriftStream(before, after, position=10_000, width=500, seed=1)


def rbf(model: int) -> Any:
    """Return a stream of four classes around twenty centres."""
    return synth.RandomRBF(
        seed_model=model, seed_sample=1, n_classes=4, n_features=10, n_centroids=20
    )


CHOOSING: dict[str, tuple[Callable[[], Any], int]] = {
    "ImageSegments": (datasets.ImageSegments, 2310),
    **{
        f"Agrawal {k}": (
            lambda k=k: synth.Agrawal(classification_function=k, seed=1, perturbation=0.05),
            5000,
        )
        for k in (0, 2, 6, 9)
    },
    "SEA": (lambda: synth.SEA(variant=0, noise=0.1, seed=1), 5000),
    "Sine": (lambda: synth.Sine(classification_function=2, seed=1), 5000),
    "Mixed": (lambda: synth.Mixed(seed=1), 5000),
    "RandomRBF": (lambda: rbf(1), 5000),
    "RandomTree": (lambda: synth.RandomTree(seed_tree=1, seed_sample=1), 5000),
    "Waveform": (lambda: synth.Waveform(seed=1), 5000),
    "LED": (lambda: synth.LED(seed=1, noise_percentage=0.1, irrelevant_features=True), 5000),
    "STAGGER": (lambda: synth.STAGGER(seed=1), 5000),
    "Hyperplane, moving": (
        lambda: synth.Hyperplane(seed=1, mag_change=0.001, noise_percentage=0.05), 20_000,
    ),
    "Agrawal, changing": (
        lambda: changing(
            synth.Agrawal(classification_function=0, seed=1),
            synth.Agrawal(classification_function=4, seed=2),
        ),
        20_000,
    ),
    "SEA, changing": (
        lambda: changing(
            synth.SEA(variant=0, noise=0.1, seed=1), synth.SEA(variant=3, noise=0.1, seed=2)
        ),
        20_000,
    ),
    "Sine, changing": (
        lambda: changing(
            synth.Sine(classification_function=0, seed=1),
            synth.Sine(classification_function=1, seed=2),
        ),
        20_000,
    ),
    "RandomRBF, changing": (lambda: changing(rbf(1), rbf(2)), 20_000),
}  # fmt: skip


def choose() -> None:
    """Print the mean accuracy of candidates over streams that are in no table: the best first."""
    samples = {name: scaled(make().take(n)) for name, (make, n) in CHOOSING.items()}
    rates = {
        "sgd": (0.01, 0.03, 0.1),
        "rmsprop": (0.003, 0.006, 0.01),
        "adam": (0.003, 0.006, 0.01),
        "adagrad": (0.1, 0.2),
    }
    results = []
    for hidden, activation, (optimizer, rate) in product(
        (16, 32, 64), ("relu", "tanh"), ((name, rate) for name in rates for rate in rates[name])
    ):
        scores = [
            accuracy(MLPClassifier(hidden, activation, optimizer, rate, seed=seed), stream)
            for stream in samples.values()
            for seed in range(2)
        ]
        results.append((mean(scores), hidden, activation, optimizer, rate))
        print(".", end="", flush=True)
    print()
    for score, *candidate in sorted(results, reverse=True, key=lambda result: result[0]):
        print(f"{score:.4f}", *candidate)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
