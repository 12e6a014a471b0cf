"""What `fastnn export` and `fastnn info` do with a model that was saved."""

from __future__ import annotations

import argparse

from .. import Network
from .._atomic import replaced_at_once
from ..models import load_model
from ..tabular.outputs import check_output


def run_export(options: argparse.Namespace) -> None:
    """Write a model for other programs."""
    paths = [options.onnx] if options.c is None else [options.c, options.c.with_suffix(".h")]
    for path in paths:
        check_output(path, options.model, force=options.force)


def run_info(options: argparse.Namespace) -> None:
    """Print a model, and what its file tells of its table and training."""
