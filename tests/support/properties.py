"""hypothesis for tests of properties; where it is missing, they are skipped and the others run."""

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


__all__ = ["HealthCheck", "given", "settings", "st"]
