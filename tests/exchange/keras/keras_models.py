"""The Keras models of the tests, and their files: ``python -m tests.exchange.keras_models``."""

from pathlib import Path

import numpy as np

from ..networks import rows

FILES = Path(__file__).parents[2] / "data" / "keras"
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


def make_chain():
    """Return a functional model of what is folded or passed over, with layers called twice."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    X = rows("float32", 200)
    given = keras.Input((2, 2))
    values = layers.Flatten()(layers.Rescaling(0.5, 3.0)(given))
    scale = layers.Normalization()
    scale.adapt(X * 0.5 + 3)
    twice = layers.Dense(4, "relu")
    inner = keras.Sequential(
        [layers.Dense(4), layers.BatchNormalization(), layers.Dense(4, "tanh", trainable=False)]
    )
    values = twice(layers.GaussianNoise(0.1)(twice(scale(values))))
    values = inner(inner(layers.BatchNormalization(scale=False)(values)))
    values = layers.Dense(2, use_bias=False)(layers.AlphaDropout(0.1)(values))
    model = keras.Model(given, layers.BatchNormalization(center=False)(values))
    for norm in (*model.layers, *inner.layers):
        if isinstance(norm, layers.BatchNormalization):
            n = len(norm.get_weights()[0])
            norm.set_weights(
                [np.linspace(0.5, 2, n + k)[k:] for k, _ in enumerate(norm.get_weights())]
            )
    return model


def write_files():
    """Write the models, one of them as weights, and what they answer."""
    model, plain = make_model(), make_plain()
    FILES.mkdir(exist_ok=True)
    model.save(FILES / "model.keras")
    plain.save_weights(FILES / "plain.weights.h5")
    X = rows("float32", 10)
    np.savez(FILES / "outputs.npz", model=np.asarray(model(X)), plain=np.asarray(plain(X)))
    write_chain()


def write_chain():
    """Write the functional model as both kinds of file, and what it answers."""
    chain = make_chain()
    for suffix in (".keras", ".h5"):
        chain.save(FILES / f"chain{suffix}")
    np.save(FILES / "chain.npy", np.asarray(chain(rows("float32", 10).reshape(-1, 2, 2))))


if __name__ == "__main__":
    write_files()
