"""One neuron, 3-1: learn to repeat the first of three bits."""

from fastnn import Dense, Network, datasets

EPOCHS, LEARNING_RATE = 25000, 1.0
FIT = {
    "batch_size": None,
    "reduction": "sum",
    "shuffle": False,
    "metrics": ["mae"],
}
SHOWN = 0, 1, 2, 5, 10, 50, 100, 500, 1000, 2000, 4999, 5000, 10000, 24999


def build(bias=False, dtype="float64"):
    neuron = Dense(1, "sigmoid", bias=bias, weights=[[0.5], [0.5], [0.5]])
    return Network(3, [neuron], loss="half_sse", dtype=dtype)


def print_results(net, history):
    print("Mean absolute error before the update of each epoch")
    for epoch in SHOWN:
        if epoch < len(history.epoch):
            print(f"  epoch {epoch:5}  {history['mae'][epoch]:.8f}")
    print(f"Trained weights\n{net.weights[0]}")
    if net.biases[0] is not None:
        print(f"Trained bias\n{net.biases[0]}")
    print("Answers, the first one to a new situation")
    for row in ([1, 1, 0], [0, 1, 1], [0, 0, 0]):
        print(f"  {net.predict(row)}  for {row}; correct: {row[0]}")


if __name__ == "__main__":
    X, y = datasets.load_first_column()
    net = build()
    print(f"Weights at the start\n{net.weights[0]}")
    history = net.fit(X, y, epochs=EPOCHS, learning_rate=LEARNING_RATE, **FIT)
    print_results(net, history)
