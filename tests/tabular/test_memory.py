"""Memory that does not grow with the table, under a limit of the system."""

import subprocess
import sys

import pytest

from .tables import write

WITH_LITTLE_MEMORY = """
import resource, sys
from fastnn.cli import main

# What imports and kernels take is there before the limit.
head = ["train", "small.csv", "--target", "y", "--epochs", "1", "--save", "small"]
for flags in ([], ["--chunk-rows", "10"]):
    assert main([*head, "--force", *flags]) == 0
with open("/proc/self/statm") as statm:
    pages = int(statm.read().split()[0])
limit = pages * resource.getpagesize() + 60_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    sys.exit(main(sys.argv[1:]))
except MemoryError:
    sys.exit("out of memory")
"""


@pytest.mark.compiled
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and limits the address space")
def test_a_table_larger_than_memory_trains_in_chunks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # 90 MB of text, and 300 MB as inputs, where 60 MB may be taken.
    texts = [f"{k:03d}" + "x" * 500 for k in range(200)]
    block = "".join(f"{k},{texts[k % 200]},{k % 2}\n" for k in range(1000))
    with open("large.csv", "w", encoding="utf-8") as file:
        file.write("a,b,y\n")
        for _ in range(180):
            file.write(block)
    write("small.csv", "a,b,y\n" + block)
    argv = ["train", "large.csv", "--target", "y", "--epochs", "1", "--save", "large"]

    def with_little_memory(*flags):
        return subprocess.run(
            [sys.executable, "-c", WITH_LITTLE_MEMORY, *argv, *flags],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = with_little_memory("--chunk-rows", "5000")
    assert done.returncode == 0, done.stderr
    assert "144000 rows to train on, 5000 at a time, 36000 held out" in done.stdout
    assert (tmp_path / "large").exists()
    (tmp_path / "large").unlink()
    control = with_little_memory("--chunk-rows", "180000")
    assert control.stderr.endswith("out of memory\n")
    assert not (tmp_path / "large").exists()
