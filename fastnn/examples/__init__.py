"""Short programs to learn from: ``fastnn example NAME``.

Product code imports nothing from here. The command line asks this module for an example by its
name; nothing but that example is then imported.
"""

from importlib import import_module
from types import ModuleType

# The networks of the tutorials that fastnn grew out of.
TUTORIALS = {
    "xor": "3-4-1 learns the exclusive or of two bits, all rows at once",
    "digits": "400-25-10 learns 5000 handwritten digits, one sample at a time",
    "gender": "2-2-1 tells woman from man by weight and height; worked by hand on the way",
    "moons": "2-25-50-25-2 tells two interleaved half circles apart",
    "first_column": "one neuron learns to repeat the first of three bits",
}
# Networks inside a user's compiled code.
COMPILED = {
    "ode": "a differential equation with a network as its right-hand side, fitted to noisy data",
    "cart_pole": "two networks learn to keep a pole upright, in one compiled call",
    "evolution": "thousands of networks a second: those that keep a pole upright breed the next",
    "integral": "SciPy integrates a network through a C callback (needs the extra lbfgs)",
}
EXAMPLES = TUTORIALS | COMPILED


def load(name: str) -> ModuleType:
    """Return the module of an example: its docstring, `add_arguments(parser)`, `run(options)`."""
    return import_module(f".compiled.{name}" if name in COMPILED else f".{name}", __name__)
