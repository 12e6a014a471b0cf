from pathlib import Path

import pytest

from fastnn.tabular import outputs
from fastnn.tabular.outputs import check_format, check_output, is_parquet, output_claimed


def test_what_is_there_stays_unless_the_user_insists(tmp_path):
    path = tmp_path / "out.csv"
    check_output(path, force=False)
    path.write_text("old")
    with pytest.raises(FileExistsError, match="must be new, or --force given to overwrite it"):
        check_output(path, force=False)
    check_output(path, force=True)
    assert path.read_text() == "old"


@pytest.mark.parametrize("link", [None, "symlink_to", "hardlink_to"])
@pytest.mark.parametrize("force", [False, True])
def test_what_is_read_is_never_overwritten(tmp_path, link, force):
    source, path = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("a,b\n")
    if link is None:
        path = tmp_path / ".." / tmp_path.name / "in.csv"
    else:
        getattr(path, link)(source)
    with pytest.raises(FileExistsError, match=r"must be another file than .*in.csv, which is rea"):
        check_output(path, tmp_path / "none", source, force=force)
    check_output(tmp_path / "new", source, force=force)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileExistsError, match="must be a file, or new"):
        check_output(tmp_path, force=True)
    with pytest.raises(FileNotFoundError, match="must be in a folder that exists"):
        check_output(tmp_path / "none" / "out.csv", force=True)


def test_a_file_is_for_one_command_at_a_time(tmp_path):
    path = tmp_path / "model"
    with output_claimed(path, force=False):
        path.write_text("old")
        with (
            pytest.raises(FileExistsError, match="must be written by one program at a time"),
            output_claimed(path, force=True),
        ):
            pass
    with (
        pytest.raises(FileExistsError, match="must be new, or --force given"),
        output_claimed(path, force=False),
    ):
        pass
    with output_claimed(path, force=True):
        assert path.read_text() == "old"


def test_what_another_has_written_just_before_the_claim_stays(tmp_path, monkeypatch):
    path, claimed = tmp_path / "model", outputs.claimed

    def late(path):
        path.write_text("of another")
        return claimed(path)

    monkeypatch.setattr(outputs, "claimed", late)
    with pytest.raises(FileExistsError, match="must be new"), output_claimed(path, force=False):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_predictions_are_csv_or_parquet():
    for name in ("a.csv", "a", "a.txt", "a.parquet", "A.PARQUET", "a.pq"):
        check_format(Path(name))
        assert is_parquet(Path(name)) is (name[2:].lower() in ("parquet", "pq"))
    for name in ("a.xlsx", "a.csv.gz", "a.TSV"):
        with pytest.raises(
            ValueError, match=rf"{name} must be CSV or Parquet, got \.\w+: name it a"
        ):
            check_format(Path(name))
