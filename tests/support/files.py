"""Files in memory, and what they are made to hold."""

import io

import fastnn


def saved(model):
    """Return a file in memory that holds a network, population or estimator."""
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    return file


def saved_and_loaded(model):
    """Return what a file of the network, population or estimator gives back."""
    return fastnn.load_model(saved(model))


def nested(depth):
    """Return lists in lists, as many."""
    value = []
    for _ in range(depth):
        value = [value]
    return value
