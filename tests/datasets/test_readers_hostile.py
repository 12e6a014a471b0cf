"""A user's file that nobody vouches for: a ValueError, in bounded memory, and no crash."""

import gc
import io
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastnn.datasets import load_digits

N_PIXELS = 400
NO_FIXTURE_CHECK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def check_refused(path, match=None):
    """Check that a file is refused, and takes little memory."""
    tracemalloc.start()
    with pytest.raises(ValueError, match=match):
        load_digits(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**25


def npy(shape, data=b"", descr="<f8"):
    """Return an array as NumPy stores it, of any shape."""
    buffer = io.BytesIO()
    fields = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, fields)
    return buffer.getvalue() + data


def zipped(path, **entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)


# ---- .npz ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (npy((10**6, 400)), "an array must have values for"),
        (npy((2**60, 400)), "an array must have values for"),
        (npy((-1, 400)), "an array must have values for|negative"),
        (npy((2, 400), bytes(2 * 400 * 8), "|O"), "an array must have values for"),
        (npy((4000, 400), bytes(4000 * 400 * 8)), "it must stand for at most"),
        (npy((1,)).replace(b"(1,)", b"1**9"), "readable"),
        (b"no array", "readable"),
        (npy((2, 400), bytes(2 * 400 * 8)).replace(b"NUMPY\1", b"NUMPY\3"), "version 1 or 2"),
    ],
)
def test_arrays_that_are_not_as_they_claim(tmp_path, X, match):
    zipped(tmp_path / "own.npz", X_dot_npy=X, y_dot_npy=npy((2,), bytes(16)))
    check_refused(tmp_path / "own.npz", match)


def test_other_arrays_are_not_read(tmp_path):
    other = npy((10**6, 400))
    X, y = npy((2, 400), bytes(2 * 400 * 8)), npy((2,), bytes(16))
    zipped(tmp_path / "own.npz", X_dot_npy=X, y_dot_npy=y, other_dot_npy=other)
    assert load_digits(tmp_path / "own.npz")[0].shape == (2, 400)


@pytest.mark.parametrize("dtype", ["c16", "M8[s]", "m8[s]"])
def test_what_is_no_real_number(tmp_path, dtype):
    np.savez(tmp_path / "own.npz", X=np.zeros((2, N_PIXELS), dtype), y=np.zeros(2))
    check_refused(tmp_path / "own.npz", "X in .* must be a table of numbers")


# ---- .xlsx ---------------------------------------------------------------------------------------


def workbook(path, rows, dimension="A1:B2"):
    """Write a workbook, the sheet X of which has these rows of XML."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "X"
    book.create_sheet("y").append([1])
    buffer = io.BytesIO()
    book.save(buffer)
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{rows}</sheetData></worksheet>'
    )
    with (
        zipfile.ZipFile(buffer) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in old.namelist():
            is_X = name == "xl/worksheets/sheet1.xml"
            archive.writestr(name, sheet if is_X else old.read(name))


CELL = '<row r="{0}"><c r="{1}{0}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("rows", "dimension"),
    [
        (CELL.format(1, "A") + CELL.format(1048576, "A"), "A1:A1048576"),
        ("".join(CELL.format(row, "XFD") for row in range(1, 2000)), "A1:XFD2000"),
        (CELL.format(1, "XFD") + "".join(CELL.format(row, "A") for row in range(2, 2000)), "A1"),
    ],
    ids=["few rows far apart", "wide rows", "one wide row"],
)
def test_cells_that_are_not_there(tmp_path, rows, dimension):
    workbook(tmp_path / "own.xlsx", rows, dimension)
    check_refused(tmp_path / "own.xlsx", "must have its cells filled, got gaps")
    gc.collect()  # raises, in a test, if a file is left open


def test_a_dimension_is_not_believed(tmp_path):
    workbook(tmp_path / "own.xlsx", CELL.format(1, "A"), "A1:XFD1048576")
    check_refused(tmp_path / "own.xlsx", r"must have shape \(n_samples, 400\), got \(1, 1\)")


def test_a_workbook_that_is_much_larger_than_its_file(tmp_path):
    workbook(tmp_path / "own.xlsx", " " * 10**8)
    check_refused(tmp_path / "own.xlsx", "it must stand for at most")


# ---- .mat ----------------------------------------------------------------------------------------


@pytest.fixture
def mat(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    path = tmp_path / "own.mat"
    tables = {"X": np.zeros((3, N_PIXELS)), "y": np.arange(3.0)}
    scipy_io.savemat(path, tables)
    return path


def test_a_reader_that_crashes_does_not_take_this_process_with_it(mat, tmp_path, monkeypatch):
    fake = tmp_path / "fake" / "scipy"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("")
    (fake / "io.py").write_text("import os\n\ndef whosmat(source):\n    os.abort()\n")
    monkeypatch.syspath_prepend(tmp_path / "fake")
    check_refused(mat, r"it is damaged: SciPy's reader ended with -?\d+")


def test_where_python_cannot_start_itself_it_is_said(mat, monkeypatch):
    monkeypatch.setattr(sys, "executable", "")
    check_refused(mat, "Python must be able to start itself")


@pytest.mark.parametrize("kind", ["cell", "char", "struct", "sparse", "huge"])
def test_tables_that_are_none(mat, kind):
    import scipy.io
    import scipy.sparse

    X = {
        "cell": np.array([[1, "a"]], dtype=object),
        "char": "text",
        "struct": {"a": 1},
        "sparse": scipy.sparse.csc_array(np.eye(3)),
        "huge": np.zeros((4000, N_PIXELS)),
    }[kind]
    scipy.io.savemat(mat, {"X": X, "y": np.zeros(3)}, do_compression=True)
    check_refused(mat, "must be in the file as a whole" if kind == "huge" else f"one of {kind}")


@pytest.mark.parametrize("n_rows", [10**6, 2**31 - 1])
def test_a_matrix_that_claims_more_than_it_has(mat, n_rows):
    content = mat.read_bytes()
    claimed = content.replace(struct.pack("<ii", 3, N_PIXELS), struct.pack("<ii", n_rows, N_PIXELS))
    assert claimed != content
    mat.write_bytes(claimed)
    check_refused(mat, r"own\.mat must be a readable \.mat file: X must be in the file as a whole")


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=4))))
def test_any_bytes_of_a_mat(mat, changes):
    content = bytearray(mat.read_bytes())
    for position, data in changes:
        content[position : position + len(data)] = data
    (mat.with_name("other.mat")).write_bytes(content)
    check_digits_or_value_error(mat.with_name("other.mat"))


# ---- anything ------------------------------------------------------------------------------------


def check_digits_or_value_error(path):
    try:
        X, _ = load_digits(path)
    except ValueError:
        return
    assert X.shape[1] == N_PIXELS


@NO_FIXTURE_CHECK
@given(changes=st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4))))
def test_any_bytes_of_an_npz(tmp_path, changes):
    path = tmp_path / "own.npz"
    np.savez_compressed(path, X=np.zeros((3, N_PIXELS)), y=np.zeros(3))
    content = bytearray(path.read_bytes())
    for position, data in changes:
        content[position : position + len(data)] = data
    path.write_bytes(content)
    check_digits_or_value_error(path)


@pytest.mark.parametrize("suffix", ["mat", "xlsx", "csv", "npz"])
def test_what_is_no_file(tmp_path, suffix):
    folder = tmp_path / f"own.{suffix}"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="path must name a file"):
        load_digits(folder)
