"""Optional packages: what is said where one is missing."""

from importlib import import_module
from typing import Any

# What each extra of pyproject.toml brings. fastnn is on no index, so that only a clone could
# install an extra by its name: the packages themselves can be installed beside a wheel too.
EXTRAS = {
    "plot": ("matplotlib>=3.8.4",),
    "files": ("scipy>=1.13", "openpyxl>=3.1"),
    "frames": ("pandas>=2.2.2",),
    "lbfgs": ("scipy>=1.13",),
    "sklearn": ("scikit-learn>=1.7", "scipy>=1.13"),
    "tables": ("scikit-learn>=1.7", "scipy>=1.13", "narwhals>=2.0", "pyarrow>=18"),
    "onnx": ("onnx>=1.17",),
    "torch": ("torch>=2.4",),
    "keras": ("h5py>=3.11",),
    "distributed": ("dask[array]>=2025.4", "distributed>=2025.4"),
    "river": ("river>=0.26",),
    "optuna": ("optuna>=4.0",),
    "play": ("tornado>=6.4",),
}


def missing_package(what: str, package: str, extra: str) -> ImportError:
    """Return the error that `what` needs a package which is not installed, with the remedy.

    Examples
    --------
    >>> print(missing_package("to_frame", "pandas", "frames"))
    to_frame needs pandas, of the extra frames: pip install "pandas>=2.2.2"
    """
    packages = " ".join(f'"{requirement}"' for requirement in EXTRAS[extra])
    return ImportError(f"{what} needs {package}, of the extra {extra}: pip install {packages}")


def optional(module: str, what: str, extra: str, package: str = "") -> Any:
    """Import an optional module that `what` needs, of a package that may have another name."""
    try:
        return import_module(module)
    except ImportError as error:
        raise missing_package(what, package or module.partition(".")[0], extra) from error
