"""What is handed to the writers in the place of a network, and in the place of a path."""

import pytest

from fastnn import Dense, Network, Population
from fastnn.exchange import from_onnx, to_c, to_onnx, to_sklearn, to_torch

OTHERS = {
    "None": (None, "got NoneType$"),
    "class": (Network, "got type$"),
    "layer": (Dense(1), "got Dense$"),
    "path": ("net.fastnn", "got str$"),
}
WRITERS = {
    "c": lambda net, folder: to_c(net, folder / "net.c"),
    "onnx": lambda net, folder: to_onnx(net, folder / "net.onnx"),
    "sklearn": lambda net, folder: to_sklearn(net),
    "torch": lambda net, folder: to_torch(net),
}


def writer(name):
    if name != "c":
        pytest.importorskip(name)
    return WRITERS[name]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", WRITERS)
def test_what_is_no_network_is_a_type_error(tmp_path, name, other):
    given, expected = OTHERS[other]
    with pytest.raises(TypeError, match=r"^net must be a fastnn.Network, " + expected):
        writer(name)(given, tmp_path)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", WRITERS)
def test_a_population_and_an_estimator_have_a_hint(tmp_path, name):
    population = Population([Network(1, [Dense(1)], seed=seed) for seed in range(2)])
    if name in ("sklearn", "torch"):
        with pytest.raises(TypeError, match="got Population; it holds several: give one of its"):
            writer(name)(population, tmp_path)
    estimators = pytest.importorskip("fastnn.sklearn")
    with pytest.raises(TypeError, match="got MLPRegressor; from_sklearn makes one of a fitted"):
        writer(name)(estimators.MLPRegressor(), tmp_path)
    pipeline = pytest.importorskip("sklearn.pipeline").make_pipeline(estimators.MLPRegressor())
    with pytest.raises(TypeError, match="got Pipeline; from_sklearn makes one of a fitted"):
        writer(name)(pipeline, tmp_path)
    if name in ("sklearn", "torch"):
        with pytest.raises(TypeError, match="got TabularRegressor; it holds several: give the net"):
            writer(name)(estimators.TabularRegressor(), tmp_path)


@pytest.mark.parametrize("given", [1, True, None, b"net.c"])
def test_paths_are_paths(given, capfd):
    net = Network(1, [Dense(1)])
    calls = [lambda: to_c(net, given)]
    try:
        import onnx  # noqa: F401
    except ImportError:
        pass
    else:
        calls += [lambda: to_onnx(net, given), lambda: from_onnx(given)]
    for call in calls:
        with pytest.raises(TypeError, match="path must be a str or a path such as"):
            call()
    assert capfd.readouterr() == ("", "")
