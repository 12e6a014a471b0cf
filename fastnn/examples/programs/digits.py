"""Handwritten digits, 400-25-10: learn 5000 images, one after the other."""

from fastnn import Dense, Network, datasets

EPOCHS, LEARNING_RATE, SEED = 20, 0.003, 0
LOSS = "binary_cross_entropy"


def build(*hidden, seed=SEED, dtype="float64"):
    layers = [Dense(n, "sigmoid") for n in (*hidden, 10)]
    return Network(400, layers, loss=LOSS, dtype=dtype, seed=seed)


def print_data(X, y):
    print(f"X {X.shape}, {X.dtype}, from {X.min():.4f} to {X.max():.4f}")
    print(f"y {y.shape}, {y.dtype}, from {y.min()} to {y.max()}")
    print("First rows, columns 204 to 211 of 400, and their labels")
    for x, label in zip(X[:5], y[:5]):
        print(*(f"{value:9.5f}" for value in x[204:212]), f"  {label}", sep="")


def line_of(epoch, history):
    cost, accuracy = history["val_loss"][-1], 100 * history["val_accuracy"][-1]
    return f"Epoch {epoch:2}  cost {cost:.6f}  accuracy {accuracy:.2f} %"


if __name__ == "__main__":
    X, y = datasets.load_digits()
    print_data(X, y)
    net = build(25)
    how = {"learning_rate": LEARNING_RATE, "metrics": ["accuracy"]}
    print("Cost and accuracy after each epoch")
    for epoch in range(EPOCHS):
        # validated on the same images: their figures after the epoch
        history = net.fit(X, y, validation_data=(X, y), resume=epoch > 0, **how)
        print(line_of(epoch, history))
    accuracy = history["val_accuracy"][-1]
    print(f"Final accuracy: {100 * accuracy:.2f} % of {len(X)} images")
    print(net.summary())
