"""`--hold avx2`: what the processor is said to have, and that all else stays as it was."""

import argparse
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from comparison import hold

BENCHMARKS = Path(__file__).parent
ASK = """
from concurrent.futures import ThreadPoolExecutor
from llvmlite.binding import get_host_cpu_features
from numpy._core._multiarray_umath import __cpu_features__

def has(features, *parts):
    return sorted(name for name, has in features.items() if has and any(
        part in name.lower() for part in parts))

with ThreadPoolExecutor(1) as pool:
    answers = get_host_cpu_features(), pool.submit(get_host_cpu_features).result()
for features in (*answers, __cpu_features__):
    print(has(features, "avx512", "amx"), has(features, "avx2"))
"""
HELD = "[] ['avx2']\n[] ['avx2']\n[] ['AVX2']\n"
OF_LINUX = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="needs Linux on x86-64"
)


@pytest.fixture
def held():
    """Return what runs Python code held to AVX2; skip where that cannot be."""
    if reason := hold.hindrance():
        pytest.skip(reason)

    def run(code, *options):
        command = [sys.executable, *options, "-c", code]
        return hold.run(command, capture_output=True, text=True)

    return run


def test_features(held):
    """Neither LLVM nor NumPy finds AVX-512, in a thread as little; unheld they do."""
    assert held(ASK).stdout == HELD
    unheld = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
    assert "avx512f" in unheld.stdout
    assert "AVX512F" in unheld.stdout


def test_programs_that_it_starts(held):
    """They are held too, and so is gcc."""
    python = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ASK!r}])"
    assert held(python).stdout == HELD
    gcc = "from comparison.compiler import instruction_set; print(instruction_set())"
    assert held(f"import sys; sys.path.append({str(BENCHMARKS)!r}); {gcc}").stdout == "AVX2\n"


def test_constructors(held, tmp_path):
    """A library that asks as it is loaded, before the program's start, has the same answer."""
    sources = {
        "asks.c": "#include <cpuid.h>\n"
        "unsigned b;\n"
        "__attribute__((constructor)) static void ask(void)"
        " { unsigned a, c, d; __cpuid_count(7, 0, a, b, c, d); }\n",
        "program.c": "extern unsigned b;\nint main(void) { return b >> 16 & 1; }\n",
    }
    for name, text in sources.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    gcc = ["gcc", "-Wl,-rpath,.", "-o"]
    subprocess.run([*gcc, "libasks.so", "-shared", "-fPIC", "asks.c"], cwd=tmp_path, check=True)
    subprocess.run([*gcc, "program", "program.c", "libasks.so"], cwd=tmp_path, check=True)
    program = [tmp_path / "program"]
    assert subprocess.run(program, cwd=tmp_path).returncode == 1
    assert hold.run(program, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "handler",
    [
        "import faulthandler; faulthandler.enable()",
        "import signal; signal.signal(signal.SIGSEGV, signal.SIG_DFL)",
        "import signal; signal.signal(signal.SIGSEGV, signal.SIG_IGN)",
        "import ctypes; ctypes.CDLL(None).signal(11, ctypes.c_void_p(0))",
    ],
)
def test_handlers_of_the_program(held, handler):
    """One that is installed later does not answer CPUID in the place of ours."""
    assert held(f"{handler}\n{ASK}").stdout == HELD


@pytest.mark.parametrize(
    "fault",
    [
        "ctypes.string_at(0)",
        "ctypes.string_at(1 << 62)",  # as CPUID, a general protection fault
        "ctypes.CFUNCTYPE(None)(8)()",  # no instruction to look at
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "signal.signal(signal.SIGSEGV, signal.SIG_IGN); ctypes.string_at(0)",
    ],
)
def test_other_faults(held, fault):
    """The process dies of them as it would, and faulthandler says where."""
    code = f"import ctypes, os, signal; {fault}; print('alive')"
    for options in (), ("-X", "faulthandler"):
        run = held(code, *options)
        assert run.returncode == -signal.SIGSEGV
        assert run.stdout == ""
        is_told = "Fatal Python error: Segmentation fault" in run.stderr
        assert is_told == (options != () and "SIG_IGN" not in fault)


def test_signals_sent(held):
    """The program's handler is called, what was there before is told, and no signal is lost."""
    code = """
import os, signal
sent = []
before = signal.signal(signal.SIGSEGV, lambda number, frame: sent.append(number))
os.kill(os.getpid(), signal.SIGSEGV)
os.kill(os.getpid(), signal.SIGSEGV)
print(before == signal.SIG_DFL, sent)
signal.signal(signal.SIGSEGV, signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGSEGV)
print("alive")
"""
    assert held(code).stdout == "True [11, 11]\nalive\n"


def test_option(held, tmp_path):
    """A program with the option runs again, knows that it is held, and ends as that run does."""
    program = tmp_path / "program.py"
    program.write_text(
        "import argparse, sys\n"
        f"sys.path.append({str(BENCHMARKS)!r})\n"
        "from comparison import hold\n"
        "from table import processor\n"
        "hold.parse(argparse.ArgumentParser(), sys.argv[1:])\n"
        "print(processor())\n"
        "sys.exit(3)\n",
        encoding="utf-8",
    )
    for options, is_held in ((), False), (("--hold", "avx2"), True):
        run = subprocess.run(
            [sys.executable, program, *options], capture_output=True, text=True, check=False
        )
        assert run.returncode == 3, run.stderr
        assert run.stdout.endswith(" held to AVX2\n") == is_held


@pytest.mark.usefixtures("held")
def test_option_of_pytest():
    """Benchmarks with the option run again, held, and end as that run does."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    for options, is_held in ((), False), (("--hold", "avx2"), True):
        run = subprocess.run(
            [*command, *options, BENCHMARKS / "test_tables.py"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout
        assert (" held to AVX2\n" in run.stdout) == is_held


@OF_LINUX
@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("fpu avx2", "this processor has no AVX-512"),
        ("fpu avx2 avx512f", "no flag cpuid_fault"),
        ("fpu avx2 avx512f cpuid_fault", None),
    ],
)
def test_hindrance(monkeypatch, tmp_path, flags, reason):
    """One line says why a machine cannot be held."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: cpuid_fault\n")
    monkeypatch.setattr(hold, "CPUINFO", cpuinfo)
    if reason is None:
        assert hold.hindrance() == ("" if shutil.which("gcc") else "needs gcc")
        return
    with pytest.raises(SystemExit, match=f"^--hold avx2: .*{reason}"):
        hold.parse(argparse.ArgumentParser(), ["--hold", "avx2"])
