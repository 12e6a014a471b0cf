import re
import sys

import numpy as np
import pytest

from fastnn.datasets import load_digits

SUFFIXES = ("mat", "xlsx", "csv", "npz")
READERS = {".mat": "scipy.io", ".xlsx": "openpyxl"}  # NumPy and Python read the others


def write(path, **tables):
    """Write tables by name as a user's own file, in the format of its suffix."""
    if path.suffix in READERS:
        reader = pytest.importorskip(READERS[path.suffix])
    if path.suffix == ".mat":
        reader.savemat(path, tables)
    elif path.suffix == ".npz":
        np.savez(path, **tables)
    elif path.suffix == ".csv":
        rows = np.column_stack([np.asarray(table, dtype=object) for table in tables.values()])
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    else:
        workbook = reader.Workbook()
        workbook.remove(workbook.active)
        for name, table in tables.items():
            sheet = workbook.create_sheet(name)
            for row in np.asarray(table, dtype=object).reshape(len(table), -1):
                sheet.append(row.tolist())
        workbook.save(path)
    return path


@pytest.fixture
def own():
    """Draw six images, labelled as in the tutorial's file."""
    X = np.random.default_rng(0).uniform(-0.1, 1.1, (6, 400))
    return X, np.array([10, 10, 1, 5, 8, 9])


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    if f".{request.param}" in READERS:
        pytest.importorskip(READERS[f".{request.param}"])
    return tmp_path / f"own.{request.param}"


def test_own_file_is_read(path, own):
    X, labels = own
    got, y = load_digits(write(path, X=X, y=labels[:, np.newaxis]))
    np.testing.assert_allclose(got, X, rtol=1e-15)
    np.testing.assert_array_equal(y, [0, 0, 1, 5, 8, 9])
    assert got.dtype == np.float64
    assert got.flags.c_contiguous
    assert got.flags.writeable
    assert y.dtype == np.int64
    assert y.shape == (6,)


def test_path_may_be_a_string_in_capitals(tmp_path, own):
    X, y = own
    path = write(tmp_path / "own.npz", X=X, y=y).rename(tmp_path / "OWN.NPZ")
    np.testing.assert_array_equal(load_digits(str(path))[0], X)


def test_labels_that_start_at_zero_stay(tmp_path, own):
    got = load_digits(write(tmp_path / "own.npz", X=own[0], y=np.arange(6)))[1]
    np.testing.assert_array_equal(got, np.arange(6))


def test_float_labels_and_fortran_order_are_taken(tmp_path, own):
    X, y = own
    got = load_digits(write(tmp_path / "own.npz", X=np.asfortranarray(X), y=y.astype(float)))
    assert got[0].flags.c_contiguous
    np.testing.assert_array_equal(got[1], y % 10)


def test_size_28_expects_784_pixels(tmp_path, own):
    X = np.random.default_rng(1).random((6, 784))
    got = load_digits(write(tmp_path / "own.npz", X=X, y=own[1]), size=28)[0]
    np.testing.assert_array_equal(got, X)


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("names", [None, "x{}", "{}"], ids=["no header", "names", "numbers"])
def test_csv_header_is_optional(tmp_path, own, names, mark):
    path = write(tmp_path / "own.csv", X=own[0], y=own[1])
    header = ",".join(names.format(i) for i in range(400)) + ",label\n" if names else ""
    path.write_text(mark + header + path.read_text(), encoding="utf-8")
    got, y = load_digits(path)
    np.testing.assert_array_equal(got, own[0])
    np.testing.assert_array_equal(y, own[1] % 10)


@pytest.mark.parametrize("shape", [(6, 399), (6, 784)])
def test_other_widths_are_refused(path, shape):
    write(path, X=np.zeros(shape), y=np.zeros((6, 1)))
    message = rf"^X in .*{path.name} must have shape \(n_samples, 400\), got \(6, {shape[1]}\)$"
    with pytest.raises(ValueError, match=message):
        load_digits(path)


@pytest.mark.parametrize("shape", [(400,), (0, 400), (6, 20, 20)])
def test_X_that_is_no_table_is_refused(tmp_path, shape):
    path = write(tmp_path / "own.npz", X=np.zeros(shape), y=np.zeros(shape[0]))
    message = re.escape(f"must have shape (n_samples, 400), got {shape}")
    with pytest.raises(ValueError, match=message):
        load_digits(path)


@pytest.mark.parametrize("shape", [(5,), (1, 6), (6, 2)])
def test_other_numbers_of_labels_are_refused(tmp_path, own, shape):
    path = write(tmp_path / "own.npz", X=own[0], y=np.zeros(shape))
    with pytest.raises(ValueError, match=r"y in .* must have shape \(6,\) or \(6, 1\), got \("):
        load_digits(path)


@pytest.mark.parametrize("label", [-1, 11, 2.5])
def test_other_labels_are_refused(path, own, label):
    X, y = own
    write(path, X=X, y=np.append(y[:5], label)[:, np.newaxis])
    with pytest.raises(ValueError, match=f"must be whole numbers from 0 to 10, got {label}"):
        load_digits(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_must_be_finite(tmp_path, own, value):
    X, y = own
    X[3, 7] = value
    with pytest.raises(ValueError, match=f"X in .* must hold finite numbers .*, got {value}"):
        load_digits(write(tmp_path / "own.npz", X=X, y=y))


def test_empty_cells_are_refused(tmp_path, own):
    X, y = own[0].astype(object), own[1]
    X[2, 5] = None
    with pytest.raises(ValueError, match=r"X in .* must hold finite numbers without gaps"):
        load_digits(write(tmp_path / "own.xlsx", X=X, y=y))


def test_words_are_refused(path, own):
    X, y = own[0].astype(object), own[1]
    X[2, 5] = "ink"
    write(path, X=X.astype(str) if path.suffix == ".npz" else X, y=y)
    with pytest.raises(ValueError, match=r"own\.\w+ must be a (table of numbers|readable)"):
        load_digits(path)


@pytest.mark.parametrize("suffix", ["mat", "xlsx", "npz"])
def test_missing_table_is_named(tmp_path, own, suffix):
    path = write(tmp_path / f"own.{suffix}", X=own[0], labels=own[1])
    with pytest.raises(ValueError, match=r"must hold X and y, got \['X', 'labels'\]"):
        load_digits(path)


def test_unreadable_file_is_refused(path):
    path.write_bytes(b"This is not what the suffix says it is.")
    with pytest.raises(ValueError, match=rf"{path.name} must be a readable {path.suffix} file: "):
        load_digits(path)


def test_empty_file_is_refused(path):
    path.touch()
    with pytest.raises(ValueError, match=rf"{path.name} must be a readable {path.suffix} file: "):
        load_digits(path)


@pytest.mark.parametrize("name", ["own.txt", "own"])
def test_other_suffixes_are_refused(tmp_path, name):
    message = rf"path must end in \.mat, \.xlsx, \.csv, \.npz, got '.*{name}'"
    with pytest.raises(ValueError, match=message):
        load_digits(tmp_path / name)


def test_missing_file_is_refused(path):
    with pytest.raises(FileNotFoundError, match=f"path must name a file, got '.*{path.name}'"):
        load_digits(path)


@pytest.mark.parametrize(("suffix", "package"), [("mat", "scipy"), ("xlsx", "openpyxl")])
def test_missing_package_names_the_extra(tmp_path, own, monkeypatch, suffix, package):
    path = write(tmp_path / f"own.{suffix}", X=own[0], y=own[1])
    for module in (package, "scipy.io"):
        monkeypatch.setitem(sys.modules, module, None)
    message = rf'^reading .* needs {package}, of the extra files: pip install "scipy'
    with pytest.raises(ImportError, match=message):
        load_digits(path)
