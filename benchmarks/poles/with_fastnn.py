"""fastnn: the example itself."""

from fastnn.examples.compiled import cart_pole

from .start import Outputs


def train(seed: int, dtype: str, most_episodes: int) -> tuple[Outputs, list[int]]:
    """Train in one compiled call."""
    actor, _, returns = cart_pole.train(seed, dtype, most_episodes)
    return actor.predict, returns.astype(int).tolist()
