"""The results as tables of README.md."""

from collections.abc import Sequence

from table import Table

from .contenders import BOOSTING, LINEAR, OURS
from .data import SOURCES, load
from .scores import Scores, geometric_mean

MEASURES = {True: "log loss", False: "1 - R2"}
MUST_AND_GOAL = {True: (0.88, 0.80), False: (0.93, 0.85)}  # against HistGradientBoosting
SETS = {
    "looked at while choosing defaults": (False,),
    "kept for the end": (True,),
    "both": (False, True),
}


def described(tables: Sequence[str]) -> Table:
    """Say what the tables are; `most` is the number of categories of the column with most."""
    result = Table(
        "small tables",
        ("table", "from", "predicts", "rows", "numbers", "categories", "most", "dates", "missing",
         "kept for the end"),
    )  # fmt: skip
    for name in tables:
        source = SOURCES[name]
        X, y = load(source)
        texts, dates = X.select_dtypes("category"), X.select_dtypes("datetime")
        n_numbers = X.shape[1] - texts.shape[1] - dates.shape[1]
        result.add(
            name, source.item,
            f"{len(set(y))} classes" if source.is_classes else "a number",
            *(str(n) for n in (len(X), n_numbers, texts.shape[1])),
            str(max((texts[column].nunique() for column in texts), default="")),
            str(dates.shape[1] or ""),
            f"{X.isna().mean(axis=None):.1%}" if X.isna().any(axis=None) else "",
            "yes" if source.held_back else "",
        )  # fmt: skip
    return result


def means(tables: Sequence[str], contenders: Sequence[str], scores: Scores) -> Table:
    """Return the geometric means of losses against HistGradientBoosting's."""
    result = Table(
        "small tables: geometric means",
        ("measure", "tables", "", *contenders, "must", "goal", "met"),
    )
    for is_classes, measure in MEASURES.items():
        must, goal = MUST_AND_GOAL[is_classes]
        for label, chosen in SETS.items():
            some = [
                name for name in tables
                if SOURCES[name].is_classes == is_classes and SOURCES[name].held_back in chosen
            ]  # fmt: skip
            if not some:
                continue
            got = {
                contender: geometric_mean(
                    scores.ratio(name, contender, BOOSTING) for name in some
                )
                for contender in contenders
            }  # fmt: skip
            met = "goal" if got[OURS] <= goal else "must" if got[OURS] <= must else "NO"
            result.add(
                measure, label, str(len(some)), *(f"{got[name]:.3f}" for name in contenders),
                f"{must:.2f}", f"{goal:.2f}", met,
            )  # fmt: skip
    return result


def losses(
    is_classes: bool, tables: Sequence[str], contenders: Sequence[str], scores: Scores
) -> Table:
    """Return what each lost on each table, and whether ours is worse than the linear model."""
    result = Table(
        f"small tables: {MEASURES[is_classes]}",
        ("table", *contenders, f"{OURS} less {LINEAR}", "no worse"),
    )
    for name in tables:
        if SOURCES[name].is_classes == is_classes:
            above = scores.difference(name, OURS, LINEAR)
            result.add(
                name, *(str(scores.mean(name, contender)) for contender in contenders),
                str(above), "NO" if above.value > above.error else "yes",
            )  # fmt: skip
    return result


def values(
    title: str, what: str, n_digits: int, tables: Sequence[str], contenders: Sequence[str],
    scores: Scores,
) -> Table:  # fmt: skip
    """Return the mean of a score, or the seconds, of each on each table."""
    result = Table(f"small tables: {title}", ("table", *contenders))
    for name in tables:
        every = (scores.mean(name, contender, what).value for contender in contenders)
        result.add(name, *(f"{value:.{n_digits}f}" for value in every))
    return result
