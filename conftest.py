"""What needs a package that is not installed is skipped, and says which.

A file of tests whose import misses one is skipped, and an example of a docstring that does. Where
only some tests of a file need one, they say so by `pytest.importorskip`. A test that runs and then
misses a package fails if it did not say so: that is fastnn's to do without.
"""

import os

import pytest

collect_ignore = ["conftest.py", "fastnn/docs/conf.py"]  # they have no examples
OPTIONAL = frozenset({
    "cpuinfo", "dask", "distributed", "h5py", "hypothesis", "jax", "joblib", "keras", "matplotlib",
    "mlxtend", "mpmath", "narwhals", "onnx", "onnxruntime", "onnxscript", "openpyxl", "optuna",
    "pandas", "playwright", "polars", "pyarrow", "river", "scipy", "skl2onnx", "sklearn",
    "threadpoolctl", "torch", "tornado",
})  # fmt: skip


def missing_package(error):
    """Return the optional package for want of which an error was raised, or None."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name in OPTIONAL:
            return error.name
        raised = getattr(error, "exc_info", None)  # what doctest holds of an example's error
        error = raised[1] if raised else error.__cause__ or error.__context__
    return None


def skip(report, path, package):
    """Make a report of an error into that of a skip."""
    report.outcome = "skipped"
    report.longrepr = (os.fspath(path), 0, f"Skipped: needs {package}, which is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Skip the files whose import needs what is missing."""
    report = yield
    if report.failed and (package := missing_package(report.call.excinfo.value)):
        skip(report, collector.path, package)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Skip the examples that use what is missing."""
    report = yield
    if report.failed and isinstance(item, pytest.DoctestItem):
        failures = getattr(call.excinfo.value, "failures", [call.excinfo.value])
        if package := next(filter(None, map(missing_package, failures)), None):
            skip(report, item.path, package)
    return report
