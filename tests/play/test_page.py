"""The page in a real Chromium, as its user has it."""

# ruff: noqa: RUF001 - the punctuation of Chinese

import re
import zipfile
from time import sleep

import pytest

from .conftest import address_of, epoch_of, settled, wait_until

pytestmark = pytest.mark.compiled


def loss_of(page):
    return float(page.inner_text("#loss"))


def test_xor_is_trained_paused_and_reset(opened):
    page = opened()
    assert page.inner_text("#play") == "▶ Play"
    page.click("#play")
    wait_until(lambda: loss_of(page) < 0.05)
    page.click("#play")
    page.wait_for_selector("body[data-playing=false]")
    settled(page)
    epoch = epoch_of(page)
    assert epoch > 0
    assert page.inner_text("#play") == "▶ Play"
    sleep(0.3)
    assert epoch_of(page) == epoch
    page.click("#reset")
    wait_until(lambda: epoch_of(page) == 0)
    assert loss_of(page) > 0.05


def test_a_run_ends_with_the_answer_of_the_tutorial(opened):
    page = opened("#data=xor&speed=0")
    page.click("#play")
    wait_until(lambda: page.inner_text("#epoch") == "60,000")
    page.wait_for_selector("body[data-playing=false]")
    settled(page)
    new = page.inner_text("#rows tr.new").split()
    assert new == ["new", "1", "1", "0", "?", "0.007888"]


def test_pictures_come_while_training_runs(opened):
    page = opened("#data=moons&epochs=0")
    page.click("#play")
    before, epoch = int(page.get_attribute("body", "data-pictures")), epoch_of(page)
    wait_until(lambda: int(page.get_attribute("body", "data-pictures")) > before + 20)
    assert epoch_of(page) > epoch
    wait_until(lambda: page.inner_text("footer"))
    assert re.search(r"\d+ pictures a second; training gets \d+ %", page.inner_text("footer"))
    page.click("#language")
    wait_until(lambda: "幅图" in page.inner_text("footer"))
    page.click("#play")
    page.wait_for_selector("body[data-playing=false]")
    settled(page)
    assert page.inner_text("footer") == ""
    assert page.inner_text("#per_second").endswith("上次训练\uff09")


def test_who_wants_little_motion_gets_few_pictures(opened):
    page = opened("#data=gender&epochs=0", reduced_motion="reduce")
    page.click("#play")
    page.wait_for_selector("body[data-playing=true]")
    before = int(page.get_attribute("body", "data-pictures"))
    sleep(1)
    assert 1 <= int(page.get_attribute("body", "data-pictures")) - before <= 6


def test_a_step_shows_its_numbers(opened):
    page = opened()
    page.click("text=Step: one sample")
    page.wait_for_selector("#step table")
    text = page.inner_text("#step")
    assert text.startswith("Row 1, loss before the step 0.")
    titles = page.locator("#step caption").evaluate_all(
        "captions => captions.map((each) => each.firstChild.textContent)"  # without the shape
    )
    assert titles[1:10] == [
        "x, the inputs",
        "W, the weights",
        "z = x W",  # no + b: there are none
        "a = f(z)",
        "error = dLoss/da = delta[1] W[1]^T",
        "f'(z) = a (1 - a)",
        "delta = dLoss/dz = error * f'(z)",
        "gradient of W, dLoss/dW = x^T delta",
        "adjustment of W = -rate * gradient of W",
    ]
    assert titles[11] == "x = a[0], the a of layer 0"
    assert titles[15:18] == [
        "error = dLoss/da = a - y",
        "f'(z) = a (1 - a)",
        "delta = dLoss/dz = error * f'(z)",
    ]
    for worked in page.locator("#step .worked").all_inner_texts():
        delta, error, slope = map(float, re.split(r" = | \* ", worked))
        assert delta == pytest.approx(error * slope, abs=2e-6)
    assert page.locator("#step .worked").count() == 2
    assert "-0.165956" in text  # the first weight of the tutorial
    page.click("text=Step: one batch")
    wait_until(lambda: epoch_of(page) == 1)
    text = page.inner_text("#step")
    assert text.startswith("Rows 2 to 7, sum of their gradients, mean loss before the step 0.")
    assert "rate = 1" in text
    assert text.count("dLoss/dW = x^T delta (sum of 6 rows)") == 2


@pytest.mark.parametrize(
    ("settings", "error", "delta"),
    [
        ("data=xor&loss=binary_cross_entropy", "(a - y) / (a (1 - a))", "* f'(z), which is a - y"),
        (
            "data=moons&output=softmax&loss=cross_entropy",
            "-y / a",
            "@ f'(z), a matrix of each row,",
        ),
    ],
)
def test_the_last_delta_is_shown_with_its_factors(opened, settings, error, delta):
    page = opened(f"#{settings}")
    page.click("text=Step: one sample")
    page.wait_for_selector("#step table")
    text = page.inner_text("#step")
    assert f"error = dLoss/da = {error}" in text
    assert f"delta = dLoss/dz = error {delta}" in text
    worked = page.locator("#step .worked").all_inner_texts()[-1]
    value, _, factors = worked.partition(" = ")
    got = sum(float(e) * float(s) for e, s in (pair.split(" * ") for pair in factors.split(" + ")))
    assert got == pytest.approx(float(value), abs=3e-6)
    page.click("#language")
    page.wait_for_selector(f"#step:has-text('误差 = dLoss/da = {error}')")


def test_gender_is_worked_by_hand_in_two_clicks(opened):
    page = opened()
    page.click("label:has(input[value=gender])")
    page.click("text=Step by hand")
    page.wait_for_selector("#step table")
    text = page.inner_text("#step")
    assert text.startswith("Row 1 (Alice), loss before the step 0.")
    for number in ("0.523695", "-0.952610", "0.021470"):  # ypred, d_L_d_ypred, d_L_d_w1
        assert number in text


def test_a_digit_is_drawn_with_the_mouse(opened):
    page = opened("#data=digits&speed=0")
    page.click("#play")
    wait_until(lambda: epoch_of(page) == 20)
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    corners = [(50, 35), (120, 35), (110, 75), (95, 110), (85, 145)]
    page.mouse.move(box["x"] + corners[0][0], box["y"] + corners[0][1])
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    page.mouse.up()
    wait_until(lambda: page.inner_text("#said").startswith("This is 7,"))
    assert page.locator("#bars meter").count() == 10
    page.click("text=Clear")
    assert page.inner_text("#said") == "Draw with the mouse"
    pad.focus()
    for key in ("Space", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    wait_until(lambda: page.inner_text("#said").startswith("This is "))


def test_the_network_is_exported(opened, tmp_path):
    page = opened("#data=gender&epochs=50&speed=0")
    page.click("#play")
    wait_until(lambda: epoch_of(page) == 50)
    page.click("text=Share and export")
    for form, name in (("python", "play_gender.py"), ("c", "play_gender_c.zip")):
        with page.expect_download() as download:
            page.click(f"[data-export={form}]")
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    assert "epochs=50" in (tmp_path / "play_gender.py").read_text()
    assert zipfile.is_zipfile(tmp_path / "play_gender_c.zip")
    onnx = pytest.importorskip("onnx")
    with page.expect_download() as download:
        page.click("[data-export=onnx]")
    download.value.save_as(tmp_path / "x.onnx")
    onnx.checker.check_model(tmp_path / "x.onnx")


def test_settings_come_back_from_the_address(opened):
    page = opened("#data=circles")
    page.fill("[data-layer='1']", "5")
    page.press("[data-layer='1']", "Enter")
    wait_until(lambda: "2-8-5-1" in page.inner_text("#summary"))
    page.click("#add")
    wait_until(lambda: "2-8-5-4-1" in page.inner_text("#summary"))
    page.select_option("[name=activation]", "relu")
    wait_until(lambda: "activation=relu" in address_of(page))
    page.fill("[name=rate]", "0.07")
    page.press("[name=rate]", "Tab")
    wait_until(lambda: "rate=0.07" in address_of(page))
    address = address_of(page)
    page.click("text=Share and export")
    assert page.input_value("#address") == address[address.index("#") :]
    page.reload()
    page.wait_for_selector("body[data-pictures]")
    assert address_of(page) == address
    again = opened(address[address.index("#") :])
    for each in (page, again):
        assert "2-8-5-4-1" in each.inner_text("#summary")
        assert each.input_value("[name=activation]") == "relu"
        assert each.input_value("[name=rate]") == "0.07"


def test_schedule_dropout_and_penalty_are_chosen_and_shared(opened, tmp_path):
    page = opened("#data=circles&speed=0&epochs=30")
    assert page.locator("#span_field").is_hidden()
    page.select_option("[name=schedule]", "cosine")
    page.wait_for_selector("#span_field")
    for name, value in (("span", "60"), ("dropout", "0.2"), ("l2", "0.001")):
        page.fill(f"[name={name}]", value)
        page.press(f"[name={name}]", "Tab")
        wait_until(lambda name=name, value=value: f"{name}={value}" in address_of(page))
    page.click("#play")
    wait_until(lambda: epoch_of(page) == 30)
    page.click("text=Step: one sample")
    page.wait_for_selector("#step table")
    assert "rate = 0.015" in page.inner_text("#step")  # half of 0.03, half way
    assert "adjustment of W, by sgd, with dropout and penalty" in page.inner_text("#step")
    again = opened(address_of(page)[address_of(page).index("#") :])
    for name, value in (
        ("schedule", "cosine"), ("span", "60"), ("dropout", "0.2"), ("l2", "0.001")
    ):  # fmt: skip
        assert again.input_value(f"[name={name}]") == value
    again.select_option("[name=optimizer]", "irprop")
    again.wait_for_selector("#error:has-text('schedule must be constant with irprop')")
    assert again.input_value("[name=optimizer]") == "sgd"
    again.click("#language")
    again.wait_for_selector("#settings:has-text('余弦：降到 0 再回升')")
    page.click("text=Share and export")
    with page.expect_download() as download:
        page.click("[data-export=python]")
    download.value.save_as(tmp_path / "play.py")
    text = (tmp_path / "play.py").read_text()
    assert "learning_rate=Cosine(learning_rate=0.03, epochs=2400," in text
    assert "dropout=0.2, l2=0.001" in text


def test_two_pages_at_once(opened):
    first, second = opened("#data=xor&epochs=0&speed=1000"), opened("#data=gender&epochs=0")
    first.click("#play")
    second.click("#play")
    wait_until(lambda: epoch_of(first) > 0 and epoch_of(second) > 0)
    first.click("#play")
    first.wait_for_selector("body[data-playing=false]")
    settled(first)
    epochs = epoch_of(first), epoch_of(second)
    wait_until(lambda: epoch_of(second) > epochs[1])
    assert epoch_of(first) == epochs[0]


def test_a_table_of_ones_own(opened, tmp_path):
    rows = "\n".join(f"{i},{i * i % 7},{'ab'[i % 2]}" for i in range(40))
    (tmp_path / "own.csv").write_text(f"one,two,kind\n{rows}\n")
    (tmp_path / "bad.csv").write_text("one,two\n1,2\n")
    page = opened()
    page.click("text=Your CSV")
    assert "Choose a CSV file" in page.inner_text("#error")
    page.set_input_files("#csv_file", tmp_path / "bad.csv")
    wait_until(lambda: "header and 2" in page.inner_text("#error"))
    page.set_input_files("#csv_file", tmp_path / "own.csv")
    wait_until(lambda: "2-8-2" in page.inner_text("#summary"))
    assert page.locator("#error").is_hidden()
    assert page.inner_text("#classes").split() == ["a", "b"]
    page.click("#tab_rows")
    assert page.inner_text("#ask_label").startswith("A row of your own, one, two, in the units")
    assert page.input_value("#x") == "0, 0"
    assert page.locator("#rows tbody tr").nth(23).inner_text().split()[:3] == ["24", "23", "4"]
    page.fill("#x", "23, 4")
    page.press("#x", "Enter")
    wait_until(lambda: page.inner_text("#answer"))
    answers = [float(text) for text in page.inner_text("#answer").split(", ")]
    shown = page.locator("#rows tbody tr").nth(23).locator("td").all_inner_texts()[-2:]
    assert answers == pytest.approx([float(text) for text in shown], abs=1e-4)
    page.click("text=Step: one sample")
    page.wait_for_selector("#step:has-text('(x - mean) / deviation of each column')")


def test_the_page_speaks_chinese(opened):
    page = opened("#data=moons", locale="zh-CN")
    assert page.inner_text("#play") == "▶ 播放"
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert "多" not in page.inner_text("#tab_share")
    page.click("#language")
    page.wait_for_selector("text=Share and export")
    assert "lang=en" in address_of(page)
    page.reload()
    page.wait_for_selector("body[data-pictures]")
    assert page.inner_text("#play") == "▶ Play"


def test_the_keyboard_is_enough(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.focus("#play")
    page.keyboard.press("Space")
    page.wait_for_selector("body[data-playing=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-playing=false]")
    page.focus("input[value=xor]")
    page.keyboard.press("ArrowRight")
    wait_until(lambda: "400-25-10" in page.inner_text("#summary"))
    page.focus("#tab_step")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("#weights table")
    assert page.evaluate("document.activeElement.id") == "tab_weights"


def test_a_newcomer_finds_each_tutorial_in_two_clicks(opened):
    page = opened()
    for name in ("digits", "gender", "moons", "first_column", "xor"):
        page.click("text=Share and export")  # the panel that is left
        page.click(f"label:has(input[value={name}])")
        page.click("text=Line by line")
        page.wait_for_selector(f"#tutorial code >> text=fastnn example {name}")
        assert page.locator("#tutorial tbody tr").count() >= 8


@pytest.mark.parametrize(
    ("scheme", "locale", "width"), [("light", "en-GB", 400), ("dark", "zh-CN", 1360)]
)
def test_the_page_is_accessible_and_fits(opened, scheme, locale, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    viewport = {"width": width, "height": 900}
    # axe is put in as a script, which the page's policy forbids
    options = {"bypass_csp": True, "viewport": viewport, "color_scheme": scheme, "locale": locale}
    page = opened("#data=gender&speed=0&epochs=1", **options)
    page.click("#batch_step")
    page.wait_for_selector("#step table")
    parts = ("rows", "tutorial", "function", "share")
    for part in (None, *(f"#panel_{name}" for name in parts), "#pad_card"):
        if part == "#pad_card":
            page.click("label:has(input[value=digits])")
            page.wait_for_selector(part)
        elif part:
            page.click(part.replace("panel", "tab"))
        found = axe.run(page, part)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
