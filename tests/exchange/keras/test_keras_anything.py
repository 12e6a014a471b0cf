"""Any bytes and any description as a Keras file: a network, or a ValueError."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastnn.exchange import from_keras
from fastnn.exchange.keras.models import model_of

from ...support.keras_files import LAYER, NO_FIXTURE_CHECK, zipped
from ...support.properties import changed_json
from .keras_models import ACTIVATIONS, FILES

h5py = pytest.importorskip("h5py")

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from(["dense", "relu", "Flatten", "Sequential", 10**400, float("inf")]),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    max_leaves=4,
)  # fmt: skip


def content_of(name):
    with zipfile.ZipFile(FILES / name) as archive:
        return json.loads(archive.read("config.json")), archive.read("model.weights.h5")


CONFIGS = {name: content_of(name) for name in ("model.keras", "chain.keras")}


def check_value_error_at_most(path, activations=None):
    try:
        net = from_keras(path, activations=activations)
    except ValueError:
        return
    assert np.isfinite(net.params).all()


@NO_FIXTURE_CHECK
@given(data=st.data())
@pytest.mark.parametrize("name", CONFIGS)
def test_any_config_makes_a_network_or_a_value_error(path, name, data):
    config, weights = CONFIGS[name]
    for _ in range(2):
        config = changed_json(config, data, ANYTHING)
    path.write_bytes(zipped(config, weights))
    check_value_error_at_most(path)


@given(ANYTHING)
@example({"class_name": "Functional", "config": {"layers": [], "input_layers": []}})
@example({"class_name": "Functional", "config": {"layers": [LAYER], "input_layers": ["a", 0, 0],
                                                 "output_layers": ["dense", 0, 0]}})  # fmt: skip
def test_what_is_no_description_is_a_value_error(description):
    with pytest.raises(ValueError, match="must"):
        model_of(description)


@NO_FIXTURE_CHECK
@given(
    name=st.sampled_from(["chain.h5", "plain.weights.h5", "chain.keras"]),
    changes=st.lists(
        st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=9)), min_size=1
    ),
    stop=st.none() | st.integers(0, 50_000),
)
def test_any_bytes_make_a_network_or_a_value_error(path, name, changes, stop):
    is_zip = name.endswith(".keras")
    content = bytearray(CONFIGS[name][1] if is_zip else (FILES / name).read_bytes())
    for position, data in changes:
        content[position : position + len(data)] = data
    content = bytes(content[:stop])
    path.write_bytes(zipped(CONFIGS[name][0], content) if is_zip else content)
    check_value_error_at_most(path, None if is_zip else ACTIVATIONS)


@NO_FIXTURE_CHECK
@given(
    changes=st.lists(st.tuples(st.integers(0, 57_000), st.binary(min_size=1, max_size=9))),
    stop=st.none() | st.integers(0, 57_000),
)
def test_any_bytes_of_a_zip_make_a_network_or_a_value_error(path, changes, stop):
    content = bytearray((FILES / "model.keras").read_bytes())
    for position, data in changes:
        content[position : position + len(data)] = data
    path.write_bytes(content[:stop])
    check_value_error_at_most(path)
