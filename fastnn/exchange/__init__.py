"""Networks from and to other libraries and formats.

Every reader returns a new `Network`, and every writer leaves the one it is given as it is. The
package on the other side is imported when a function needs it. What cannot be carried is refused:
the error names it, layer by layer. What is about training only, such as dropout, penalties and the
state of an optimiser, is not carried.
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
