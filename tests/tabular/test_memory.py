"""Memory that does not grow with the table."""

import subprocess
import sys

import pytest

for package in ("sklearn", "narwhals", "pyarrow"):
    pytest.importorskip(package)

PEAKS = """
import re
from fastnn.cli import main

def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read())[1]) / 1000

for table, chunk_rows in (("part", 5000), ("whole", 5000), ("part", 120_000)):
    argv = ["train", f"{table}.csv", "--target", "y", "--epochs", "1", "--save", "model", "--force"]
    assert main([*argv, "--quiet", "--chunk-rows", str(chunk_rows)]) == 0
    print("peak", peak(), flush=True)
"""


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory in /proc")
def test_a_table_larger_than_memory_trains_in_chunks(tmp_path):
    # The part is 37 MB of text, and 150 MB as inputs; the whole is three times as large. What
    # pyarrow reads ahead is the same for both, up to 90 MB as its threads are fast or slow.
    texts = [f"{k:03d}" + "x" * 300 for k in range(200)]
    block = "".join(
        f"{k},{texts[k % 200]},c{k % 60},d{k % 61},e{k % 62},f{k % 63},{k % 2}\n"
        for k in range(1000)
    )
    for name, n_blocks in (("part", 120), ("whole", 360)):
        with open(tmp_path / f"{name}.csv", "w", encoding="utf-8") as file:
            file.write("a,b,c,d,e,f,y\n")
            for _ in range(n_blocks):
                file.write(block)
    done = subprocess.run(
        [sys.executable, "-c", PEAKS], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    part, whole, at_once = (
        float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("peak")
    )
    assert "held out: 72000 rows" in done.stdout
    assert whole - part < 100, "MB, of the 300 that its inputs have more"
    assert at_once - whole > 120, "the measurement sees what is in memory"
