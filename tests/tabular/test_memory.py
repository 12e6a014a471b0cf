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

for table, chunk_rows in (("part", 5000), ("whole", 5000), ("whole", 120_000)):
    argv = ["train", f"{table}.csv", "--target", "y", "--epochs", "1", "--save", "model", "--force"]
    assert main([*argv, "--quiet", "--chunk-rows", str(chunk_rows)]) == 0
    print("peak", peak(), flush=True)
"""


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory in /proc")
def test_a_table_larger_than_memory_trains_in_chunks(tmp_path):
    # The whole is 37 MB of text, and 150 MB as inputs; a quarter of it has a sample as large.
    texts = [f"{k:03d}" + "x" * 300 for k in range(200)]
    block = "".join(
        f"{k},{texts[k % 200]},c{k % 60},d{k % 61},e{k % 62},f{k % 63},{k % 2}\n"
        for k in range(1000)
    )
    for name, n_blocks in (("part", 30), ("whole", 120)):
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
    assert "held out: 24000 rows" in done.stdout
    assert whole - part < 80, "MB"  # pyarrow reads ahead as far as threads are fast
    assert at_once - whole > 160, "the measurement sees what is in memory"
