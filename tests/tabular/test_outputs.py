import pytest

from fastnn.tabular.outputs import check_output, written_at_once


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


def test_files_take_their_place_at_the_end(tmp_path):
    paths = [tmp_path / "a.c", tmp_path / "a.h"]
    paths[0].write_text("old")
    with written_at_once(*paths) as partial:
        assert [path.name for path in partial] == ["a.c", "a.h"]
        for path in partial:
            path.write_text("new")
        assert paths[0].read_text() == "old"
    assert [path.read_text() for path in paths] == ["new", "new"]
    assert sorted(tmp_path.iterdir()) == paths


def test_what_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")

    def fail():
        with written_at_once(path) as (partial,):
            partial.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_still_points_to_its_file(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with written_at_once(link) as (partial,):
        partial.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
