"""What processors have: the width of their registers, and levels of features.

A kernel compiled for a level runs wherever the processor has all its features. A wheel may bring
such kernels: see hatch_build.py beside the package.
"""

import functools
import os

from llvmlite.binding import get_host_cpu_features
from numba import config

_V2 = {"cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"}
_V3 = _V2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"}
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
# Names that LLVM knows, the best first, with the features that each takes for granted. All
# processors of a kind have those of "generic": of arm64, NEON is one.
LEVELS = {"x86-64-v4": _V4, "x86-64-v3": _V3, "generic": set()}


def register_bytes(asked, features):
    """Return the bytes of a register of a processor with these, or what a user has `asked` for.

    A vector may be wider or narrower than a register, for LLVM splits and joins them: that costs
    time only.
    """
    if asked is not None:
        if asked not in ("16", "32", "64"):
            raise ValueError(f"FASTNN_REGISTER_BYTES must be 16, 32 or 64, got {asked!r}")
        return int(asked)
    if "avx512f" in features:
        return 64
    return 32 if features & {"avx", "avx2"} else 16


@functools.cache
def features_here():
    """Return the features of this processor: LLVM takes 0.2 ms to tell them."""
    return frozenset(feature for feature, has in get_host_cpu_features().items() if has)


def features_of(cpu_name, cpu_features):
    """Return the features of this processor, or of that which Numba was told to compile for.

    LLVM is asked, unless Numba was told.
    """
    known = features_here() if cpu_name in (None, "host") else LEVELS.get(cpu_name, set())
    told = (cpu_features or "").split(",")
    more, fewer = ({name[1:] for name in told if name[:1] == sign} for sign in "+-")
    return (known | more) - fewer


_FEATURES = features_of(
    config.CPU_NAME,  # type: ignore[attr-defined]
    config.CPU_FEATURES,  # type: ignore[attr-defined]
)
# Rows of weights are padded to a multiple of it.
REGISTER_BYTES = register_bytes(os.environ.get("FASTNN_REGISTER_BYTES"), _FEATURES)
HAS_AVX512 = "avx512f" in _FEATURES  # whether kernels may use what only it has


@functools.cache
def levels_here():
    """Return the levels whose kernels may run here, the best first.

    Their registers must be as wide as those that arrays are laid out for. If a user has Numba
    compile for another processor, nothing else runs.
    """
    told = config.CPU_NAME, config.CPU_FEATURES, os.environ.get("FASTNN_REGISTER_BYTES")
    if told != (None, None, None):
        return ()
    return tuple(
        level
        for level, needed in LEVELS.items()
        if needed <= features_here() and register_bytes(None, needed) == REGISTER_BYTES
    )
