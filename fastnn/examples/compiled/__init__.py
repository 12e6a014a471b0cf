"""Networks inside a user's compiled code, each a short program: ``fastnn NAME``."""

EXAMPLES = {
    "ode": "a differential equation with a network as its right-hand side, fitted to noisy data",
    "cart_pole": "two networks learn to keep a pole upright, in one compiled call",
    "integral": "SciPy integrates a network through a C callback (needs the extra lbfgs)",
}
