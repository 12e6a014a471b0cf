"""The small tables of three tutorials, with 4 to 7 rows each."""

from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from .._checks.scalars import as_flag

Samples = tuple[NDArray[np.float64], NDArray[np.float64]]
Columns = dict[str, NDArray[np.float64] | NDArray[np.str_]]

_XOR = (  # x1, x2, x3, y = x1 xor x2
    (0, 0, 1, 0),
    (0, 1, 1, 1),
    (1, 0, 1, 1),
    (0, 1, 0, 1),
    (1, 0, 0, 1),
    (1, 1, 1, 0),
    (0, 0, 0, 0),
)

_FIRST_COLUMN = (  # x1, x2, x3, y = x1
    (0, 1, 0, 0),
    (0, 1, 1, 0),
    (0, 0, 0, 0),
    (1, 0, 0, 1),
    (1, 1, 1, 1),
    (1, 0, 1, 1),
)

_NAMES = ("Alice", "Bob", "Charlie", "Diana")
_WEIGHTS = (133.0, 160.0, 152.0, 120.0)  # lb
_HEIGHTS = (65.0, 72.0, 70.0, 60.0)  # inches
_GENDERS = ("F", "M", "M", "F")


@overload
def load_xor(  # numpydoc ignore=GL08
    *, raw: Literal[False] = False
) -> Samples: ...
@overload
def load_xor(*, raw: Literal[True]) -> Columns: ...  # numpydoc ignore=GL08
def load_xor(*, raw: bool = False) -> Samples | Columns:
    """Load the table of the tutorial `xor`: 7 of the 8 rows of three bits, without [1, 1, 0].

    Parameters
    ----------
    raw : bool
        Whether to return the columns by name instead of X and y, by default False.

    Returns
    -------
    X : ndarray(float64, ndim=2), shape (7, 3)
        The three bits of each row.
    y : ndarray(float64, ndim=1), shape (7,)
        The exclusive or of the first two columns.
    columns : dict of ndarray(float64, ndim=1), shape (7,)
        The columns, if `raw` is True: ``"x1"``, ``"x2"``, ``"x3"`` and ``"y"``.

    Raises
    ------
    TypeError
        If `raw` is not a bool.

    Examples
    --------
    >>> from fastnn.datasets import load_xor
    >>> X, y = load_xor()
    >>> X[1].tolist(), y[1].item()
    ([0.0, 1.0, 1.0], 1.0)
    """
    return _bits(_XOR, raw)


@overload
def load_first_column(  # numpydoc ignore=GL08
    *, raw: Literal[False] = False
) -> Samples: ...
@overload
def load_first_column(*, raw: Literal[True]) -> Columns: ...  # numpydoc ignore=GL08
def load_first_column(*, raw: bool = False) -> Samples | Columns:
    """Load the table of the tutorial `first_column`: 6 rows of three bits.

    Parameters
    ----------
    raw : bool
        Whether to return the columns by name instead of X and y, by default False.

    Returns
    -------
    X : ndarray(float64, ndim=2), shape (6, 3)
        The three bits of each row.
    y : ndarray(float64, ndim=1), shape (6,)
        The target, which is the first column.
    columns : dict of ndarray(float64, ndim=1), shape (6,)
        The columns, if `raw` is True: ``"x1"``, ``"x2"``, ``"x3"`` and ``"y"``.

    Raises
    ------
    TypeError
        If `raw` is not a bool.

    Examples
    --------
    >>> from fastnn.datasets import load_first_column
    >>> X, y = load_first_column()
    >>> X[3].tolist(), y[3].item()
    ([1.0, 0.0, 0.0], 1.0)
    """
    return _bits(_FIRST_COLUMN, raw)


@overload
def load_gender(  # numpydoc ignore=GL08
    *, raw: Literal[False] = False
) -> Samples: ...
@overload
def load_gender(*, raw: Literal[True]) -> Columns: ...  # numpydoc ignore=GL08
def load_gender(*, raw: bool = False) -> Samples | Columns:
    """Load the table of the tutorial `gender`: weight and height of four people.

    Parameters
    ----------
    raw : bool
        Whether to return the columns by name, before centring, instead of X and y, by default
        False.

    Returns
    -------
    X : ndarray(float64, ndim=2), shape (4, 2)
        The centred columns: weight - 135 in lb, height - 66 in inches.
    y : ndarray(float64, ndim=1), shape (4,)
        The gender, 1 for F and 0 for M.
    columns : dict of ndarray(ndim=1), shape (4,)
        The columns, if `raw` is True: ``"name"`` (str), ``"weight"`` (float64, lb), ``"height"``
        (float64, inches) and ``"gender"`` (str, F or M).

    Raises
    ------
    TypeError
        If `raw` is not a bool.

    Examples
    --------
    >>> from fastnn.datasets import load_gender
    >>> X, y = load_gender()
    >>> X[0].tolist(), y[0].item()
    ([-2.0, -1.0], 1.0)
    >>> columns = load_gender(raw=True)
    >>> columns["name"][0].item(), columns["weight"][0].item(), columns["height"][0].item()
    ('Alice', 133.0, 65.0)
    """
    weight, height, gender = np.array(_WEIGHTS), np.array(_HEIGHTS), np.array(_GENDERS)
    if as_flag("raw", raw):
        return {"name": np.array(_NAMES), "weight": weight, "height": height, "gender": gender}
    return np.column_stack((weight - 135.0, height - 66.0)), (gender == "F").astype(np.float64)


def _bits(rows: tuple[tuple[int, int, int, int], ...], raw: bool) -> Samples | Columns:
    """Return a table of bits as X and y, or as named columns."""
    table = np.array(rows, dtype=np.float64)
    if as_flag("raw", raw):
        return dict(zip(("x1", "x2", "x3", "y"), table.T.copy(), strict=True))
    return table[:, :3].copy(), table[:, 3].copy()
