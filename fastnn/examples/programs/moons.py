"""Two half circles, 2-25-50-25-2: learn 1400 points, test on 600 others."""

import numpy as np

from fastnn import Dense, Network, datasets, metrics
from fastnn.initializers import normal, uniform

EPOCHS, LEARNING_RATE, SEED = 1000, 0.01, 0


def build(train_bias=False, seed=SEED, dtype="float64"):
    layers, bias = [], uniform(0, 0.1)
    for n in (25, 50, 25, 2):
        draws = {"initializer": normal(1 / n**0.5), "bias_initializer": bias}
        layers.append(Dense(n, "sigmoid", train_bias=train_bias, **draws))
    seed = np.random.RandomState(seed)
    return Network(2, layers, loss="half_sse", dtype=dtype, seed=seed)


def figures(net, X, X_test, y, y_test):
    accuracy = metrics.accuracy(y_test, net.predict(X_test))
    return {"mse": metrics.mse(y, net.predict(X)), "test_accuracy": accuracy}


def line_of(mse, test_accuracy):
    return f"MSE: {mse:f}, Accuracy: {100 * test_accuracy:.2f}%"


if __name__ == "__main__":
    X, X_test, y, y_test = data = datasets.load_moons()
    print(f"{len(X)} points to train on, {len(X_test)} to test on")
    net, how = build(), {"learning_rate": LEARNING_RATE, "shuffle": False}
    for epoch in range(EPOCHS):
        net.fit(X, y, resume=epoch > 0, **how)
        if epoch % 10 == 0:
            print(f"Epoch: #{epoch}, {line_of(**figures(net, *data))}")
    print(f"After {EPOCHS} epochs: {line_of(**figures(net, *data))}")
