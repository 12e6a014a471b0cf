"""Short programs to learn from: ``fastnn example NAME``.

Product code imports nothing from here. The command line asks this module for an example by its
name; nothing but that example is then imported. `source` returns the program of it, to copy.
"""

import re
from importlib import import_module, resources
from importlib.util import resolve_name
from types import ModuleType

# The networks of the tutorials that fastnn grew out of.
TUTORIALS = {
    "xor": "3-4-1 learns the exclusive or of two bits, all rows at once",
    "digits": "400-25-10 learns 5000 handwritten digits, one sample at a time",
    "gender": "2-2-1 tells woman from man by weight and height; worked by hand",
    "moons": "2-25-50-25-2 tells two interleaved half circles apart",
    "first_column": "one neuron learns to repeat the first of three bits",
}
# Networks inside a user's compiled code.
COMPILED = {
    "ode": "a network as the law of a differential equation, from noisy data",
    "cart_pole": "two networks learn to keep a pole upright, in one compiled call",
    "evolution": "of thousands of networks, those that keep a pole upright breed",
    "integral": "SciPy integrates a network through a C callback (extra lbfgs)",
}
EXAMPLES = TUTORIALS | COMPILED


def load(name: str) -> ModuleType:
    """Return the module of an example: its docstring, `add_arguments(parser)`, `run(options)`."""
    return import_module(f".compiled.{name}" if name in COMPILED else f".{name}", __name__)


def source(name: str) -> str:
    """Return a program to copy: of a tutorial a short one, of the others the example itself.

    It runs from any folder, for what it imports of fastnn is named in full.
    """
    folder = "compiled" if name in COMPILED else "programs"
    text = (resources.files(__name__) / folder / f"{name}.py").read_text("utf-8")
    return re.sub(
        r"^( *from )(\.\S*)",
        lambda found: found[1] + resolve_name(found[2], f"{__name__}.{folder}"),
        text,
        flags=re.MULTILINE,
    )
