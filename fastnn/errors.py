"""The exceptions of fastnn, beside those of Python."""


class DivergenceError(ArithmeticError):
    """Training has diverged; the network has the last parameters that were finite.

    Attributes
    ----------
    networks : tuple of int
        The indices of the networks that diverged, in a `Population`; else empty.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import Dense, DivergenceError, Network
    >>> net = Network(1, [Dense(1, weights=[[0.0]])])
    >>> try:
    ...     net.fit([[1e9], [1e9]], [1, 2], epochs=1000, learning_rate=1.0)
    ... except DivergenceError as error:
    ...     print(error)
    training must stay finite, got a loss of inf in epoch 4 at the learning rate 1.0; the inputs
    have mean 1e+09 and standard deviation 0: standardise them, (X - mean) / deviation, as
    a Network does that begins with Standardize()
    >>> bool(np.isfinite(net.params).all())
    True
    """

    networks: tuple[int, ...] = ()


class FormatError(ValueError):
    """A file is not one that fastnn writes: another kind or version, or incomplete.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from fastnn import FormatError, Network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "letter"
    ...     size = path.write_text("Dear Sir, dear Madam")
    ...     try:
    ...         net = Network.load(path)
    ...     except FormatError as error:
    ...         print(str(error).removeprefix(str(path)))
    : a file must be whole and of fastnn, got one of another kind or a part of one
    """
