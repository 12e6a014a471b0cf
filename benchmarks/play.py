"""`fastnn play` in a real browser: pictures a second, and what of a core training gets meanwhile.

    python benchmarks/play.py                # some 30 seconds
    python benchmarks/play.py --write        # and keep the table in README.md
    python benchmarks/play.py --screenshots  # the pictures of the README, in fastnn/docs/images

It needs the extra `play`, the group `play`, and Chromium (FASTNN_CHROMIUM=path, or on
the PATH), which runs without a window and so draws by the processor. Where the system can do so,
the server keeps to one core; the browser does not.

The two "ms" are of the processor and not of the clock, so that they hold on a busy machine too:
what the browser takes for a picture, and the server apart from training. The share is the
processor's time in `fit` over the clock's.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import psutil
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from table import Table, circumstances, publish

IMAGES = Path(__file__).parents[1] / "fastnn" / "docs" / "images"
DATA = ("xor", "gender", "moons", "spirals", "digits")
SECONDS = 3.0
MOST_BYTES = 120_000
STROKES = [
    (45, 40),
    (80, 28),
    (115, 45),
    (105, 75),
    (75, 85),
    (108, 95),
    (118, 125),
    (85, 145),
    (45, 132),
]  # a 3
TABLE = Table(
    "a page that shows training",
    (
        "data", "pictures a second", "ms of the browser a picture", "ms of the server a picture",
        "training's share of the core", "epochs a second",
    ),
)  # fmt: skip


def main(argv: list[str]) -> int:
    """Run the benchmark, or write the screenshots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--screenshots", action="store_true")
    options = parser.parse_args(argv)
    with served() as (server, address), browsing() as browser:
        if options.screenshots:
            screenshots(browser, address)
            return 0
        for name in DATA:
            measure(browser, server, address, name)
    load_average = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    note = f"{circumstances()} tornado {version('tornado')}; load average {load_average}."
    return publish((TABLE,), note, write=options.write)


def keep_to_one_core(process: psutil.Process) -> None:
    """Keep a process to one of the cores that this one may use, where the system can do so."""
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(psutil.Process().cpu_affinity()[:1])


@contextmanager
def served() -> Iterator[tuple[psutil.Process, str]]:
    """Serve the page from another process, and yield it and the address."""
    command = [sys.executable, "-m", "fastnn", "play", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            process = psutil.Process(server.pid)
            keep_to_one_core(process)
            yield process, server.stdout.readline().strip()
        finally:
            server.terminate()


@contextmanager
def browsing() -> Iterator[Browser]:
    """Yield a Chromium."""
    path = os.environ.get("FASTNN_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Browser, address: str, **options: Any) -> Page:
    """Return a page that has drawn its first picture."""
    viewport: Any = {"width": 1360, "height": 980}
    page = browser.new_page(viewport=viewport, locale="en-GB", **options)
    page.goto(address)
    page.wait_for_selector("body[data-pictures]")
    return page


def measure(browser: Browser, server: psutil.Process, address: str, name: str) -> None:
    """Count the pictures of a page while its network trains as fast as it can."""
    page = opened(browser, f"{address}#data={name}&speed=0&epochs=0")
    page.click("#play")
    page.wait_for_selector("body[data-share]")
    before = counted(page, server)
    sleep(SECONDS)
    after = counted(page, server)
    share = float(page.get_attribute("body", "data-share") or "nan")
    page.close()
    seconds, pictures, epochs, drawing, serving = (
        b - a for a, b in zip(before, after, strict=True)
    )
    TABLE.add(
        name,
        f"{pictures / seconds:.0f}",
        f"{1000 * drawing / pictures:.1f}",
        f"{1000 * (serving - share * seconds) / pictures:.1f}",
        f"{share:.0%}",
        f"{epochs / seconds:,.0f}",
    )


def counted(page: Page, server: psutil.Process) -> tuple[float, ...]:
    """Return the clock, pictures, epochs, and the processor's time of the browser and server."""
    browsers = [each for each in psutil.Process().children(recursive=True) if each != server]
    return (
        perf_counter(),
        float(page.get_attribute("body", "data-pictures") or 0),
        float(page.get_attribute("#epoch", "data-value") or 0),
        sum(map(processor_time, browsers)),
        processor_time(server),
    )


def processor_time(process: psutil.Process) -> float:
    """Return the seconds that a process has had of a processor, 0 if it has just ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def screenshots(browser: Browser, address: str) -> None:
    """Write what the README shows: spirals that are told apart, and a digit that is drawn."""
    IMAGES.mkdir(exist_ok=True)
    page = opened(browser, f"{address}#data=spirals&epochs=700&speed=0")
    train(page)
    write(page, "play-spirals.png")
    page.close()
    page = opened(browser, f"{address}#data=digits&speed=0", color_scheme="dark")
    train(page)
    box: Any = page.locator("#pad").bounding_box()
    places = [(box["x"] + x, box["y"] + y) for x, y in STROKES]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.wait_for_selector("#said:has-text('This is')")
    sleep(0.5)
    write(page, "play-digits.png")
    page.close()


def train(page: Page) -> None:
    """Press play, and wait until training has paused by itself."""
    page.click("#play")
    page.wait_for_selector("body[data-playing=true]")
    page.wait_for_selector("body[data-playing=false]", timeout=60_000)
    page.mouse.move(5, 5)
    sleep(0.5)


def write(page: Page, name: str) -> None:
    """Write a picture of what a page shows, in few colours."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(80, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)
    size = (IMAGES / name).stat().st_size
    print(f"{name}: {image.width} x {image.height}, {size} bytes")
    if size > MOST_BYTES:
        raise ValueError(f"{name} must have at most {MOST_BYTES} bytes, got {size}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
