"""What moves on a terminal while an example works; silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tqdm import tqdm


def live_epochs(epochs: int, *, quiet: bool) -> Iterator[int]:
    """Count epochs under a bar on stderr, which goes away at the end."""
    return iter(tqdm(range(epochs), unit="epoch", leave=False, disable=True if quiet else None))


def say(line: str) -> None:
    """Print a line of results at once, above the bar if there is one."""
    tqdm.write(line)
    sys.stdout.flush()
