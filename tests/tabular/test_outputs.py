import pytest

from fastnn.tabular.outputs import check_output


def test_what_is_there_stays_unless_the_user_insists(tmp_path):
    path = tmp_path / "out.csv"
    check_output(path, force=False)
    path.write_text("old")
    with pytest.raises(FileExistsError, match="must be new, or --force given to overwrite it"):
        check_output(path, force=False)
    check_output(path, force=True)
    assert path.read_text() == "old"


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileExistsError, match="must be a file, or new"):
        check_output(tmp_path, force=True)
    with pytest.raises(FileNotFoundError, match="must be in a folder that exists"):
        check_output(tmp_path / "none" / "out.csv", force=True)
