"""The Keras models of the tests, and their files: ``python -m tests.exchange.keras_models``."""

from pathlib import Path

import numpy as np

from .networks import rows

FILES = Path(__file__).parents[1] / "data" / "keras"
ACTIVATIONS = ["silu", None, "exponential"]  # of `make_plain`


def make_model():
    """Return a `Sequential` of all that can be carried."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    inner = keras.Sequential(
        [layers.Dense(6, use_bias=False), layers.Activation("tanh"), layers.Dense(5, "elu")]
    )
    return keras.Sequential(
        [
            layers.Input((4,)), layers.Dense(7, "relu"), layers.Dropout(0.5), inner,
            layers.Dense(5), layers.LeakyReLU(negative_slope=0.01), layers.Dense(5, "softplus"),
            layers.Dense(4, layers.ReLU()), layers.Dense(4, "gelu"), layers.Dense(4), layers.ELU(),
            layers.Dense(3), layers.Softmax(),
        ]
    )  # fmt: skip


def make_plain():
    """Return a `Sequential` of `Dense` only."""
    import keras

    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense
    return keras.Sequential(
        [
            keras.layers.Input((4,)),
            *(dense(n, name) for n, name in zip((5, 4, 2), ACTIVATIONS, strict=True)),
        ]
    )


def write_files():
    """Write both models, the one as a model, the other as weights, and what they answer."""
    model, plain = make_model(), make_plain()
    FILES.mkdir(exist_ok=True)
    model.save(FILES / "model.keras")
    plain.save_weights(FILES / "plain.weights.h5")
    X = rows("float32", 10)
    np.savez(FILES / "outputs.npz", model=np.asarray(model(X)), plain=np.asarray(plain(X)))


if __name__ == "__main__":
    write_files()
