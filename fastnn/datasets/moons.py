"""Two interleaving half circles with noise, 2000 points in the plane."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def load_moons() -> tuple[
    NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]
]:
    """Load the two moons of the tutorial, split into 1400 training and 600 test points.

    Returns
    -------
    X_train : ndarray(float64, ndim=2), shape (1400, 2)
        The coordinates x1 and x2 of each training point.
    X_test : ndarray(float64, ndim=2), shape (600, 2)
        The coordinates of each test point.
    y_train : ndarray(int64, ndim=1), shape (1400,)
        The classes of the training points: 0 is the upper moon, 1 the lower one.
    y_test : ndarray(int64, ndim=1), shape (600,)
        The classes of the test points.

    Notes
    -----
    These are ``make_moons(2000, noise=0.2, random_state=100)`` and
    ``train_test_split(X, y, test_size=0.3, random_state=42)`` of scikit-learn [1]_, which is not
    needed here: the points are shipped. If they were drawn anew, their bits would depend on the
    processor, because NumPy's sine, cosine and logarithm differ in the last place.

    Every call returns new arrays.

    References
    ----------
    .. [1] F. Pedregosa et al., "Scikit-learn: Machine learning in Python", Journal of Machine
       Learning Research 12 (2011).

    Examples
    --------
    >>> from fastnn.datasets import load_moons
    >>> X_train, X_test, y_train, y_test = load_moons()
    >>> X_train.shape, X_test.shape
    ((1400, 2), (600, 2))
    >>> y_train[:5].tolist()
    [0, 0, 1, 1, 0]
    """
    with np.load(Path(__file__).with_name("moons.npz")) as file:
        return file["X_train"], file["X_test"], file["y_train"], file["y_test"]
