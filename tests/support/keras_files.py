"""Keras files of one layer, as bytes."""

import io
import json
import zipfile

from hypothesis import HealthCheck, settings

LAYER = {"class_name": "Dense", "config": {"name": "dense", "activation": None}}
CONFIG = {"class_name": "Sequential", "config": {"layers": [LAYER]}}
NO_FIXTURE_CHECK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def zipped(config=CONFIG, weights=b"", **options):
    """Return a file that ends in .keras."""
    buffer = io.BytesIO()
    text = config if isinstance(config, str | bytes) else json.dumps(config)
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", weights)
    return buffer.getvalue()
