from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    plt = pytest.importorskip("matplotlib.pyplot")
    yield
    plt.close("all")
