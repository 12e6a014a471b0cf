"""Import networks from other libraries and formats, and export networks to them.

Every reader returns a new `Network`, and no writer changes its network. A function imports the
other library when it is called. A model with parts that cannot be converted is refused, and the
error names them, layer by layer. Options of training only, such as dropout, penalties and optimizer
state, are dropped.
"""

from .c.writer import to_c
from .keras.reading import from_keras
from .onnx.files import from_onnx, to_onnx
from .sklearn.networks import from_sklearn, to_sklearn
from .torch.networks import from_torch, to_torch

__all__ = [
    "from_keras",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "to_c",
    "to_onnx",
    "to_sklearn",
    "to_torch",
]
