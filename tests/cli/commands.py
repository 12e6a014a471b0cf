"""How tests run the commands."""

from fastnn.cli.main import main


def run(*argv):
    """Run a command that must succeed."""
    assert main([str(part) for part in argv]) == 0


def refusal(capsys, *argv):
    """Return the one line that a command must end with, and check that it is one."""
    assert main([str(part) for part in argv]) == 1
    got = capsys.readouterr().err
    assert got.startswith("fastnn: error: ")
    assert got.count("\n") == 1
    return got.removeprefix("fastnn: error: ").rstrip("\n")
