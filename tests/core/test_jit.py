"""The cache on disk, on functions that compile in no time; test_start has the real kernels."""

import errno
import os
import pickle
from pathlib import Path

import llvmlite
import numba
import numpy as np
import pytest
from numba import config, njit
from numba.core.codegen import JITCPUCodegen

from fastnn.core import jit as _jit
from fastnn.core.jit import cache_folder, entry, inner, maker
from fastnn.core.levels import levels_here

pytestmark = pytest.mark.compiled

VALUES = np.array([1.0, 2.0, 4.0])


def total(values):
    result = values[0]
    for i in range(1, len(values)):
        result += values[i]
    return result


def value_at(values, i):
    return values[i]


def counts(kernel):
    """Return how many forms of the kernel were compiled, and how many loaded."""
    return sum(kernel.stats.cache_misses.values()), sum(kernel.stats.cache_hits.values())


COMPILED, LOADED = (1, 0), (0, 1)


def call(values=VALUES):
    """Return the counts of a kernel that has run as in a new process."""
    kernel = entry(total)
    assert kernel(values) == 7
    return counts(kernel)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder, not made yet, that kernels are kept in."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    return Path(entry(total).stats.cache_path)


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_kernel_is_compiled_once(folder):
    assert call() == COMPILED
    assert call() == LOADED


def test_a_kernel_is_found_by_what_it_is_compiled_from(folder):
    """Two processes that start from nothing must not choose one name for two kernels."""
    call()
    float64 = names(folder)
    for name in float64:
        (folder / name).unlink()
    call(VALUES.astype("float32"))
    assert len(float64) == len(names(folder)) == 1
    assert float64 != names(folder)


def test_an_upgrade_compiles_anew_and_leaves_nothing_behind(folder, monkeypatch):
    call()
    entry(value_at)(VALUES, 0)  # a function that the next version may lack
    before = names(folder)
    monkeypatch.setattr(_jit, "SOURCES", "0123456789abcdef")
    assert call() == COMPILED
    assert call() == LOADED
    assert len(before) == 2
    assert len(names(folder)) == 1
    assert before.isdisjoint(names(folder))


def test_a_checked_kernel_is_another_one(folder, monkeypatch):
    assert entry(value_at)(VALUES, 2) == 4
    monkeypatch.setattr(config, "BOUNDSCHECK", 1)
    with pytest.raises(IndexError):
        entry(value_at)(VALUES, 3)


def test_a_kernel_of_another_macos_is_the_same(folder, monkeypatch):
    """LLVM names the system with its version there, as "arm64-apple-darwin24.6.0"."""
    tuple_of, triple = JITCPUCodegen.magic_tuple, "arm64-apple-darwin24.6.0"
    monkeypatch.setattr(JITCPUCodegen, "magic_tuple", lambda own: (triple, *tuple_of(own)[1:]))
    assert call() == COMPILED
    triple = "arm64-apple-darwin25.0.0"
    assert call() == LOADED
    triple = "x86_64-apple-darwin25.0.0"
    assert call() == COMPILED


def test_recompiling_does_not_load(folder):
    call()
    kernel = entry(total)
    kernel(VALUES)
    assert counts(kernel) == LOADED
    kernel.recompile()
    assert counts(kernel) == (1, 1)
    assert call() == LOADED


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"garbage",
        lambda content: bytes(len(content)),
        lambda content: content[: len(content) // 2],
        lambda content: pickle.dumps("a string"),
    ],
    ids=["empty", "garbage", "zeros", "half", "another pickle"],
)
def test_a_damaged_file_is_compiled_anew_and_replaced(folder, damage):
    call()
    (path,) = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert call() == COMPILED
    assert call() == LOADED


@pytest.mark.parametrize("part", [0.2, 0.4, 0.6, 0.8])
def test_a_flipped_bit_is_noticed(folder, part):
    """Machine code with a wrong bit would run: the file holds a digest of it."""
    call()
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[int(part * len(content))] ^= 1
    path.write_bytes(content)
    assert call() == COMPILED


def test_a_file_that_cannot_be_read_nor_replaced_is_passed_by(folder):
    call()
    (path,) = folder.iterdir()
    path.unlink()
    path.mkdir()
    assert call() == COMPILED
    assert names(folder) == {path.name}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_nothing_costs_time_only(folder, monkeypatch, code):
    def open_to_read(path, mode):
        if "w" in mode:
            raise OSError(code, os.strerror(code))
        return open(path, mode)

    monkeypatch.setattr("numba.core.caching.open", open_to_read, raising=False)
    assert call() == COMPILED
    assert call() == COMPILED
    assert names(folder) == set()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_without_a_folder_to_write_to_a_kernel_serves_its_process(folder, monkeypatch, code):
    """As Numba sees an unwritable home and package; root can write to any, hence the patch."""

    def refuse(**options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert cache_folder() is None
    assert call() == COMPILED
    assert call() == COMPILED


@pytest.fixture
def shipped(folder, monkeypatch):
    """Return a kernel as a wheel brings it; the cache is empty."""
    if not levels_here():
        pytest.skip("this processor has no level")
    monkeypatch.setattr(_jit, "SHIPPED", folder.parent / "kernels")
    _jit.SHIPPED.mkdir(parents=True)
    kernel = entry(total)
    kernel(VALUES)
    (signature,) = kernel.signatures
    form = kernel.overloads[signature]
    signature, (triple, *_), hashes = kernel._cache._index_key(signature, form.codegen)
    level = signature, (triple, levels_here()[0], ""), hashes
    _jit.KernelFiles(_jit.SHIPPED, total).save(level, form._reduce())
    for path in folder.iterdir():
        path.unlink()
    (path,) = _jit.SHIPPED.iterdir()
    return path


def test_a_kernel_that_the_wheel_brought_is_loaded(folder, shipped):
    assert call() == LOADED
    assert names(folder) == set()
    assert call(VALUES.astype("float32")) == COMPILED


def test_it_is_loaded_where_no_folder_can_be_written_to(shipped, monkeypatch):
    def refuse(**options):
        raise PermissionError

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert call() == LOADED


def test_a_damaged_one_is_compiled_in_the_users_folder(folder, shipped):
    shipped.write_bytes(shipped.read_bytes()[:-100])
    assert call() == COMPILED
    assert len(names(folder)) == 1
    assert call() == LOADED


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (llvmlite, "__version__", "0.1"),
        (numba, "__version__", "0.1"),
        (_jit, "SOURCES", "0123456789abcdef"),
    ],
    ids=["llvmlite", "Numba", "sources"],
)
def test_one_of_other_versions_is_not_loaded(shipped, monkeypatch, module, name, value):
    monkeypatch.setattr(module, name, value)
    assert call() == COMPILED


def test_one_of_another_level_is_not_loaded(shipped, monkeypatch):
    monkeypatch.setattr(_jit, "levels_here", lambda: ("x86-64-v2",))
    assert call() == COMPILED


def test_recompiling_does_not_load_it(shipped):
    kernel = entry(total)
    kernel(VALUES)
    kernel.recompile()
    assert counts(kernel) == (1, 1)


def test_an_inner_function_is_shown_to_numba_when_it_is_compiled():
    part = inner(value_at)
    kernel = entry(lambda values: part(values, 1))
    assert "dispatcher" not in vars(part)
    assert kernel(VALUES) == 2
    assert "dispatcher" in vars(part)


def test_without_the_compiler_an_entry_is_its_function(monkeypatch):
    monkeypatch.setattr(config, "DISABLE_JIT", 1)
    assert entry(total) is total
    assert inner(total) is total
    assert cache_folder() is None


@pytest.mark.parametrize("compile_part", [inner, maker])
def test_a_literal_gets_no_form_of_its_own(compile_part):
    @compile_part
    def doubled(x):
        return 2 * x

    @njit
    def both(x):
        return doubled(x) + doubled(1)

    assert both(3) == 8
    assert len(getattr(doubled, "dispatcher", doubled).overloads) == 1
