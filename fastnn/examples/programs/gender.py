"""Woman or man by weight and height, 2-2-1: learn four people, judge two."""

import numpy as np

from fastnn import Dense, Network, datasets

EPOCHS, LEARNING_RATE, SEED = 1000, 0.1, 44
FIT = {"shuffle": False, "evaluate_every": 10}
NEW_PEOPLE = {"Emily": (128, 63), "Frank": (155, 68)}  # lb, inches


def build(start, dtype="float64"):
    w1, w2, w3, w4, w5, w6, b1, b2, b3 = start
    hidden = Dense(2, "sigmoid", weights=[[w1, w3], [w2, w4]], biases=[b1, b2])
    output = Dense(1, "sigmoid", weights=[[w5], [w6]], biases=[b3])
    return Network(2, [hidden, output], loss="sse", dtype=dtype)


def print_results(net, X, y, history):
    for epoch, loss in zip(history.epochs_of("val_loss"), history["val_loss"]):
        print(f"Epoch {epoch} loss: {loss:.3f}")
    print("name     weight  height  gender  true  predicted  squared error")
    people = datasets.load_gender(raw=True).values()
    for *person, t, a in zip(*people, y, net.predict(X)[:, 0]):
        print("{:7}  {:6g}  {:6g}  {:6}".format(*person), end="")
        print(f"  {t:4g}  {a:9.3f}  {(t - a) ** 2:13.6f}")
    for name, (weight, height) in NEW_PEOPLE.items():
        (a,) = net.predict([weight - 135, height - 66])
        print(f"{name}: {a:.3f} - {'F' if a > 0.5 else 'M'}")


if __name__ == "__main__":
    X, y = datasets.load_gender()
    net = build(np.random.RandomState(SEED).normal(size=9))
    how = {"epochs": EPOCHS, "learning_rate": LEARNING_RATE, **FIT}
    history = net.fit(X, y, validation_data=(X, y), **how)
    print_results(net, X, y, history)
