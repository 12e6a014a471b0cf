"""The exclusive or, 3-4-1: learn seven rows of bits and answer the eighth."""

import numpy as np

from fastnn import Dense, Network, datasets, initializers

EPOCHS, LEARNING_RATE, SEED = 60000, 1.0, 1
QUESTION = [1, 1, 0]
FIT = {"batch_size": None, "reduction": "sum", "shuffle": False}


def build(*widths, seed=SEED, dtype="float64"):
    draw, seed = initializers.uniform(-1, 1), np.random.RandomState(seed)
    layers = [Dense(n, "sigmoid", bias=False, initializer=draw) for n in widths]
    return Network(3, layers, loss="half_sse", dtype=dtype, seed=seed)


def print_weights(stage, net):
    print(stage)
    for k, W in enumerate(net.weights, start=1):
        n_in, n = W.shape
        neurons = f"{n} neurons, each" if n > 1 else "1 neuron,"
        print(f"    Layer {k} ({neurons} with {n_in} inputs):\n{W}")


def print_answers(net):
    print(f"\nStage 3) A new situation, {QUESTION} -> ?")
    print(f"{net.predict(QUESTION)}\n\nThe truth table, y, and the answers, a")
    print("  x          y  a")
    for x in np.ndindex(2, 2, 2):
        print(f"  {[*x]}  {x[0] ^ x[1]}  {net.predict(x)[0]:.7f}")


if __name__ == "__main__":
    X, y = datasets.load_xor()
    net = build(4, 1)
    print_weights("Stage 1) Random starting weights", net)
    net.fit(X, y, epochs=EPOCHS, learning_rate=LEARNING_RATE, **FIT)
    print_weights(f"\nStage 2) New weights after {EPOCHS} updates", net)
    print_answers(net)
