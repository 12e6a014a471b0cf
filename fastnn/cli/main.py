"""The command line: a user's table, ``fastnn play``, ``fastnn warmup``, ``fastnn example NAME``.

Exit codes: 0 done; 1 an optional package is missing, a file cannot be read or written or is not
what is needed, or training diverges; 2 wrong arguments; 130 interrupted (``fastnn play``, which
Ctrl-C ends: 0). What goes wrong is said in one line on stderr.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from time import perf_counter
from typing import Any, NoReturn

from .. import DivergenceError, __version__
from .._checks.extras import optional
from .._checks.names import did_you_mean, flag_for
from .._training.threads import n_cores
from ..core.jit import cache_folder
from ..core.waiting import telling
from ..tabular import COMMANDS
from ..warmup import WORDS, warm_up
from .arguments import whole_number

# Looked up, not imported: the examples are built on fastnn, and nothing of fastnn on them.
_EXAMPLES = import_module("fastnn.examples")
_MODULES = {
    "train": "train", "evaluate": "predict", "predict": "predict", "export": "saved",
    "info": "saved",
}  # fmt: skip
_TABLES = ("sklearn", "narwhals", "pyarrow")
_PACKAGES = {"train": _TABLES, "evaluate": _TABLES, "predict": _TABLES, "export": (), "info": ()}
_MOST_PROCESSES = 4  # that compile at once, with 0.3 GB each
_AS_WRITTEN: dict[str, Any] = {
    "allow_abbrev": False,
    "formatter_class": argparse.RawDescriptionHelpFormatter,
}


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong and may have been meant; argparse prints the usage too."""

    def parse_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Return the options; the command in use says what is unknown to it."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            options.command.refuse(unknown, sys.argv[1:] if args is None else args)
        return options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the options, with the innermost command, and what is unknown."""
        options, unknown = super().parse_known_args(args, namespace)
        if "command" not in options:
            options.command = self
        return options, unknown

    def refuse(self, unknown: list[str], args: Sequence[str]) -> NoReturn:
        """End the program at arguments that are unknown, with what may have been meant."""
        flags = self._option_string_actions
        word = unknown[0].partition("=")[0]
        before = [*args[: args.index(unknown[0])]] if unknown[0] in args else []
        last = next((arg.partition("=")[0] for arg in before[::-1] if arg[:1] == "-"), "")
        if word[:1] != "-" and isinstance(flags.get(last), argparse._AppendAction):
            hint = f"; {last} takes one {flags[last].metavar}: repeat {last} for each"
        else:
            hint = did_you_mean(word, flags) or flag_for(word, flags)
        self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += did_you_mean(str(value), [*map(str, action.choices or ())])
            raise

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _with_underscores(argv: Sequence[str]) -> list[str]:
    """Return the arguments, with an example by its own name though it be written with dashes."""
    words = [*argv]
    position = 1 if words[:1] == ["example"] else 0
    for name in (word.replace("-", "_") for word in words[position : position + 1]):
        if name in _EXAMPLES.EXAMPLES:
            words[position] = name
    return words


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; what `argv` does not name is listed, not imported."""
    parser = _Parser(
        prog="fastnn",
        description="Train networks on a table of your own and use them, watch one learn, compile "
        "the kernels ahead, or run an example: the five networks of the tutorials that fastnn grew "
        "out of, and networks inside compiled loops.",
        epilog="Each has its own flags: fastnn NAME --help. Exit codes: 0 done, 1 an optional "
        "package is missing, a file cannot be read or written or is not what is needed, or "
        "training diverges, 2 wrong arguments.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"fastnn {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="NAME", required=True)
    for name, summary in COMMANDS.items():
        command = _add_command(commands, name, summary)
        if name in argv:
            _add_table_command(command, name)
    _add_play(commands)
    _add_warmup(commands)
    _add_examples(commands, argv)
    return parser


def _add_command(
    commands: argparse._SubParsersAction[_Parser], name: str, summary: str, more: str = "."
) -> _Parser:
    """Add a command that the list of all tells by its summary; its own help goes on with `more`."""
    description = f"{summary[0].upper()}{summary[1:]}{more}"
    return commands.add_parser(name, help=summary, description=description, allow_abbrev=False)


def _add_table_command(command: _Parser, name: str) -> None:
    import_module("fastnn.cli.flags").ADD_ARGUMENTS[name](command)
    command.set_defaults(run=partial(_run_table_command, name))


def _run_table_command(name: str, options: argparse.Namespace) -> None:
    """Run a command that needs optional packages; say which extra brings one that is missing."""
    for package in _PACKAGES[name]:
        optional(package, f"fastnn {name}", "tables")
    import_module(f"fastnn.cli.{_MODULES[name]}").RUN[name](options)


def _add_examples(commands: argparse._SubParsersAction[_Parser], argv: Sequence[str]) -> None:
    """Add `example`, and each example as a command too, which it was before; help shows it not."""
    command = _add_command(
        commands,
        "example",
        "run an example, or list them all",
        ". Each has its own flags, and a tutorial's example says which line of it is which of "
        "ours: fastnn example NAME --help.",
    )
    command.set_defaults(run=_list_examples)
    names = command.add_subparsers(title="examples", metavar="NAME")
    for name, line in _EXAMPLES.EXAMPLES.items():
        _add_example(names.add_parser(name, help=line, **_AS_WRITTEN), name, argv)
        _add_example(commands.add_parser(name, **_AS_WRITTEN), name, argv)


def _add_example(command: _Parser, name: str, argv: Sequence[str]) -> None:
    if name in argv:
        example = _EXAMPLES.load(name)
        command.description = example.__doc__
        example.add_arguments(command)
        command.add_argument(
            "--source", action="store_true", help="print a program to copy, and run nothing"
        )
        run = partial(_run_example, command, argv)
        command.set_defaults(run=run, example=example, name=name)


def _list_examples(options: argparse.Namespace) -> None:
    for name, line in _EXAMPLES.EXAMPLES.items():
        print(f"{name:14}{line}")


def _run_example(command: _Parser, argv: Sequence[str], options: argparse.Namespace) -> None:
    if options.source:
        words = [word.partition("=")[0] for word in argv if word.startswith("--")]
        if others := [word for word in words if word not in ("--source", "--quiet")]:
            command.error(
                f"--source prints the program as it is and runs nothing, got {others[0]} too: "
                "leave one of them out"
            )
        print(_EXAMPLES.source(options.name), end="")
        return
    if options.plot is None and getattr(options, "dark", False):
        command.error("--dark is how pictures are drawn, got no --plot: add --plot PATH")
    if options.plot is not None:
        import_module("fastnn.plotting")  # tells of a missing matplotlib before the training
    options.example.run(options)


def _add_play(commands: argparse._SubParsersAction[_Parser]) -> None:
    summary = "a page in the browser: choose data and layers, and watch a network learn"
    command = _add_command(commands, "play", summary, ". It is served to this machine alone.")
    command.add_argument(
        "--port", type=whole_number(0, 65535), default=0, metavar="N", help="default: a free one"
    )
    command.add_argument(
        "--no-browser", action="store_true", help="print the address, and open no browser"
    )
    command.set_defaults(run=_run_play)


def _run_play(options: argparse.Namespace) -> None:
    server = import_module("fastnn.play.server")  # tells of a missing tornado
    server.serve(options.port, partial(print, flush=True), open_browser=not options.no_browser)


def _add_warmup(commands: argparse._SubParsersAction[_Parser]) -> None:
    summary = "compile all kernels now, so that no later program waits for them"
    command = _add_command(commands, "warmup", summary, ": they are kept on disk.")
    command.add_argument(
        "--dtype", choices=("float64", "float32", "both"), default="both", help="default: both"
    )
    command.add_argument(
        "--only",
        nargs="+",
        choices=WORDS,
        default=WORDS,
        metavar="WHAT",
        help=f"what is to be used, of {', '.join(WORDS)} (the estimators); default: all",
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar")
    command.set_defaults(run=_run_warmup)


def _run_warmup(options: argparse.Namespace) -> None:
    dtypes = ("float64", "float32") if options.dtype == "both" else (options.dtype,)
    n_processes = min(n_cores(), _MOST_PROCESSES)
    start = perf_counter()
    n_compiled, n_loaded = warm_up(
        dtypes, [*options.only], progress=not options.quiet, n_processes=n_processes
    )
    seconds, folder = perf_counter() - start, cache_folder()
    where = "not kept on disk" if folder is None else f"kept in {folder}"
    print(
        f"Compiled {n_compiled} kernels for {' and '.join(dtypes)} in {seconds:.1f} s, "
        f"found {n_loaded} compiled before; {where}"
    )


@contextmanager
def _replacing(stream: Any) -> Iterator[None]:
    """Replace what a terminal cannot show, in the place of an error."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    errors, encoding = stream.errors, stream.encoding
    stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        stream.reconfigure(encoding=encoding, errors=errors)


def _line_on(error: Exception) -> str:
    """Return what an error says; of the system's, that a file is not there."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"no file {os.fsdecode(error.filename)!r}"
    return str(error)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those the program was started with.

    Returns
    -------
    code : int
        0; 1 where an optional package is missing, a file cannot be read or written or is not what
        is needed, or training diverges; 130 on Ctrl-C, but 0 where that ends ``fastnn play``.

    Raises
    ------
    SystemExit
        With the code 2 on wrong arguments, with 0 after ``--help`` and ``--version``.

    Examples
    --------
    >>> from fastnn.cli import main
    >>> main(["example", "gender", "--epochs", "1"])  # doctest: +ELLIPSIS
    One neuron, weights [0, 1] and bias 4, on [2, 3]: 0.9990889488055994
    ...
    0
    """
    argv = _with_underscores(sys.argv[1:] if argv is None else argv)
    options = _parser(argv).parse_args(argv)
    is_quiet = getattr(options, "quiet", False)
    try:
        with ExitStack() as around:
            around.enter_context(_replacing(sys.stdout))
            if is_quiet:
                around.enter_context(telling(str))  # of what is compiled, nobody
            options.run(options)
            sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough: nothing left to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ImportError, OSError, ValueError, DivergenceError) as error:
        print(f"fastnn: error: {_line_on(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fastnn: interrupted", file=sys.stderr)
        return 130
    return 0
