"""A drawing becomes an image like those that the network has learned from."""

import numpy as np
import pytest

from fastnn import Dense, Network
from fastnn.datasets import load_digits
from fastnn.play.drawing import as_digit


def sheet_with(image, height, width, top, left):
    """Return a sheet with an image of 20 x 20 squeezed into a box."""
    sheet = np.zeros((20, 20))
    rows = np.arange(height) * 20 // height
    columns = np.arange(width) * 20 // width
    sheet[top : top + height, left : left + width] = image[np.ix_(rows, columns)]
    return sheet


def test_a_blank_sheet_stays_blank():
    assert not as_digit(np.zeros((20, 20))).any()


@pytest.mark.parametrize("place", [(0, 0), (17, 17), (9, 3)])
def test_a_dot_anywhere_lands_in_the_middle(place):
    sheet = np.zeros((20, 20))
    sheet[place[0] : place[0] + 3, place[1] : place[1] + 3] = 1
    image = as_digit(sheet).reshape(20, 20).T
    rows, columns = np.indices(image.shape)
    assert abs((rows * image).sum() / image.sum() - 9.5) < 0.6
    assert abs((columns * image).sum() / image.sum() - 9.5) < 0.6
    assert image.max() == 1


def test_columns_come_first():
    sheet = np.zeros((20, 20))
    sheet[2:18, 9:11] = 1  # an upright stroke
    image = as_digit(sheet)
    assert image.reshape(20, 20).T[:, 9].sum() > 5 * image.reshape(20, 20).T[9].sum() / 2


@pytest.mark.compiled
def test_digits_drawn_small_and_aside_are_recognised():
    X, y = load_digits()
    net = Network(
        400, [Dense(25, "sigmoid"), Dense(10, "sigmoid")], loss="binary_cross_entropy", seed=0
    )
    net.fit(X, y, epochs=20, learning_rate=0.003)
    images = X[::10].reshape(-1, 20, 20).transpose(0, 2, 1).clip(0, 1)
    drawn = np.array([as_digit(sheet_with(image, 16, 16, 0, 4)) for image in images])
    asis = np.array([sheet_with(image, 16, 16, 0, 4).T.ravel() for image in images])
    right = [(net.predict(rows).argmax(axis=1) == y[::10]).mean() for rows in (drawn, asis)]
    assert right[0] > 0.75
    assert right[1] < right[0] - 0.2  # which is why there is something to do
