"""hypothesis for tests of properties; where it is missing, they are skipped and the others run."""

import copy

import pytest

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ModuleNotFoundError:

    class _Absent:
        """Stands where a strategy is made, so that the file can be imported."""

        def __getattr__(self, name):
            return self

        def __call__(self, *args, **kwargs):
            return self

        def __or__(self, other):
            return self

    HealthCheck = st = _Absent()

    def given(*args, **kwargs):
        """Skip the test."""
        return pytest.mark.skip(reason="needs hypothesis, which is not installed")

    def settings(*args, **kwargs):
        """Leave the test as it is."""
        return lambda test: test


__all__ = ["HealthCheck", "changed_json", "given", "settings", "st"]


def changed_json(value, data, anything):
    """Return a JSON value, in one place of which is another of a strategy, or nothing."""
    value = copy.deepcopy(value)
    *way, last = data.draw(st.sampled_from([at for at in _places(value) if at]))
    parent = value
    for key in way:
        parent = parent[key]
    if isinstance(parent, dict) and data.draw(st.booleans()):
        del parent[last]
    else:
        parent[last] = data.draw(anything)
    return value


def _places(value, at=()):
    """Yield where something is in a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*at, key))
