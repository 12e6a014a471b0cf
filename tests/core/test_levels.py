import pytest

from fastnn.core import levels
from fastnn.core.levels import LEVELS, features_of, levels_here, register_bytes


@pytest.fixture
def host(monkeypatch):
    """Return a function that makes this processor another one."""

    def become(features, registers, **environment):
        for name in ("CPU_NAME", "CPU_FEATURES"):
            monkeypatch.setattr(levels.config, name, environment.pop(f"NUMBA_{name}", None))
        monkeypatch.delenv("FASTNN_REGISTER_BYTES", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(levels, "features_here", lambda: features)
        monkeypatch.setattr(levels, "REGISTER_BYTES", registers)
        return levels_here.__wrapped__()

    return become


V3, V4 = LEVELS["x86-64-v3"], LEVELS["x86-64-v4"]


@pytest.mark.parametrize(
    ("features", "registers", "expected"),
    [
        (V4, 64, ("x86-64-v4",)),
        (V4 - {"avx512vl"}, 64, ()),
        (V4, 32, ("x86-64-v3",)),
        (V3, 32, ("x86-64-v3",)),
        (V3 - {"movbe"}, 32, ()),
        ({"neon"}, 16, ("generic",)),
    ],
)
def test_a_level_needs_all_its_features_and_its_registers(host, features, registers, expected):
    assert host(features, registers) == expected


@pytest.mark.parametrize(
    "told",
    [
        {"NUMBA_CPU_NAME": "nehalem"},
        {"NUMBA_CPU_FEATURES": "-fma"},
        {"FASTNN_REGISTER_BYTES": "32"},
    ],
    ids=lambda told: next(iter(told)),
)
def test_who_chooses_the_processor_has_kernels_for_it_alone(host, told):
    assert host(V3, 32, **told) == ()


@pytest.mark.parametrize(
    ("asked", "name", "features", "expected"),
    [
        ("16", None, None, 16), ("64", "x86-64-v3", "", 64), (None, "x86-64-v4", "", 64),
        (None, "x86-64-v3", "", 32), (None, "generic", "", 16), (None, "generic", "+avx,+avx2", 32),
        (None, "znver4", "+avx512f,+avx2", 64), (None, "apple-m1", None, 16),
    ],
)  # fmt: skip
def test_registers_are_those_of_the_processor(asked, name, features, expected):
    assert register_bytes(asked, features_of(name, features)) == expected


@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("x86-64-v3", "", False), ("x86-64-v4", "", True), ("x86-64-v4", "-avx512f", False),
        ("znver4", "+avx512f,+avx2", True), ("generic", None, False),
    ],
)  # fmt: skip
def test_features_may_be_given_and_taken(name, features, expected):
    assert ("avx512f" in features_of(name, features)) == expected


def test_the_host_is_asked():
    assert register_bytes(None, features_of(None, None)) in (16, 32, 64)
    with pytest.raises(ValueError, match="FASTNN_REGISTER_BYTES must be 16, 32 or 64, got '8'"):
        register_bytes("8", set())
