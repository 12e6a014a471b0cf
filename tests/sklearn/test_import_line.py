"""Changing the import line is all it takes: scikit-learn's tests of its networks, so changed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

THEIRS = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
OURS = "from fastnn.sklearn import MLPClassifier, MLPRegressor"
NO_PUBLIC_NAMES = ["test_gradient"]  # it calls `_loss_grad_lbfgs`

_path = Path(find_spec("sklearn.neural_network.tests.test_mlp").origin)
_source = _path.read_text(encoding="utf-8")
assert _source.count(THEIRS) == 1
exec(compile(_source.replace(THEIRS, OURS), _path, "exec"))
for _name in NO_PUBLIC_NAMES:
    del globals()[_name]

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # a test of overflows
]


@pytest.fixture(params=[0, 1])
def global_random_seed(request):
    return request.param
