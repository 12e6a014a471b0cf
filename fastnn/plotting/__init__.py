"""Pictures of networks, data and training, with matplotlib, the extra ``plot``.

They are displays in scikit-learn's manner [1]_: a class method such as `from_network` computes what
is to be shown and draws it on `ax`, or on a new figure if `ax` is None. The display keeps the data,
and as `ax_` and `figure_` what was drawn on, so the caller may change titles and scales, and write
a file by ``display.figure_.savefig(path)``; `plot` draws the data again, on other axes. Inputs are
never changed.

The colours follow the axes: of ``plt.style.context("dark_background")``, all pictures are dark.

References
----------
.. [1] https://scikit-learn.org/stable/visualizations.html
"""

from .._checks.extras import missing_package

try:
    import matplotlib  # noqa: F401
except ImportError as error:
    raise missing_package("fastnn.plotting", "matplotlib", "plot") from error

from .animation import SurfaceAnimation
from .curves import ActivationDisplay, LearningCurvesDisplay
from .diagram import NetworkDisplay
from .matrices import ConfusionMatrixDisplay, WeightsDisplay
from .samples import PointsDisplay, SamplesDisplay
from .surfaces import DecisionSurfaceDisplay, HiddenUnitsDisplay

__all__ = [
    "ActivationDisplay",
    "ConfusionMatrixDisplay",
    "DecisionSurfaceDisplay",
    "HiddenUnitsDisplay",
    "LearningCurvesDisplay",
    "NetworkDisplay",
    "PointsDisplay",
    "SamplesDisplay",
    "SurfaceAnimation",
    "WeightsDisplay",
]
