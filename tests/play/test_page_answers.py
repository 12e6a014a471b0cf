"""What the page says of bad settings, bad rows and waiting, beside where its user looks."""

# ruff: noqa: RUF001 - the punctuation of Chinese

from threading import Event

import pytest

from .conftest import address_of, epoch_of, settled, wait_until

pytestmark = pytest.mark.compiled


def test_settings_that_were_sent_are_pasted(opened):
    page = opened("#data=xor", locale="zh-CN")
    page.click("#tab_share")
    for text in ("#data=circles&layers=5", "http://127.0.0.1:1/x/#data=spirals&lang=en&layers=7"):
        page.fill("#pasted", text)
        page.press("#pasted", "Enter")
        page.wait_for_selector(f"#summary:has-text('2-{text[-1]}-1')")
        assert page.input_value("#address") == text[text.index("#") :].replace("&lang=en", "")
    for text, what in (
        ("nonsense", "#data=xor"),
        ("data=none", "没有名为“none”的数据"),
        ("#data=xor&rate=-1", "学习率（rate）必须是"),
        ("#data=xor&pace=1", "没有名为“pace”的设置"),
    ):
        page.fill("#pasted", text)
        page.press("#pasted", "Enter")
        page.wait_for_selector(f'#paste_error:has-text("{what}")')
        assert page.locator("#error").is_hidden()
    assert "2-7-1" in page.inner_text("#summary")
    page.fill("#pasted", "#data=xor")
    page.press("#pasted", "Enter")
    page.wait_for_selector("#paste_error", state="hidden")


def test_a_row_of_ones_own_is_answered_or_refused_beside_it(opened):
    page = opened("#data=xor")
    page.click("#tab_rows")
    page.click("#ask button")
    wait_until(lambda: page.inner_text("#answer").startswith("0."))
    for text in ("1 1 0", "1,1,0,", "a,b,c", "1,1", "1,,0"):
        page.fill("#x", text)
        page.press("#x", "Enter")
        wanted = f"A row must be 3 numbers with commas between, got {text}"
        assert page.inner_text("#ask_error") == wanted
        assert page.inner_text("#answer") == ""
    page.fill("#x", "1e99,0,0")
    page.press("#x", "Enter")
    wait_until(lambda: "x must be a number from -1e+15" in page.inner_text("#ask_error"))
    assert page.locator("#error").is_hidden()
    page.fill("#x", "1, 0\uff0c1")
    page.press("#x", "Enter")
    wait_until(lambda: page.inner_text("#answer").startswith("0."))
    assert page.locator("#ask_error").is_hidden()


def test_reasons_and_tutorials_are_in_the_language_of_the_page(opened, tmp_path):
    page = opened("#data=xor", locale="zh-CN")
    page.fill("[name=rate]", "-1")
    page.press("[name=rate]", "Tab")
    wanted = "无法执行：学习率（rate）必须是 1e-09 到 1000 之间的数字，收到的是 -1"
    page.wait_for_selector(f"#error:has-text('{wanted}')")
    page.select_option("[name=loss]", "cross_entropy")
    page.wait_for_selector("#error:has-text('损失函数 cross_entropy 的前面必须是 softmax 输出层')")
    (tmp_path / "bad.csv").write_text("one,two\n1,2\n")
    page.click("label:has(input[value=csv])")
    page.set_input_files("#csv_file", tmp_path / "bad.csv")
    page.wait_for_selector("#error:has-text('文件必须有表头和 2 到 10000 行数据，收到 1 行')")
    page.click("#language")
    page.wait_for_selector("#error:has-text('the file must have a header and 2 to 10000 rows')")
    for name, english, chinese in (
        ("xor", ": of other sign", "符号相反"), ("digits", "one-hot columns of y", "独热编码"),
    ):  # fmt: skip
        page.click(f"label:has(input[value={name}])")
        page.click("#tab_tutorial")
        page.wait_for_selector(f"#tutorial:has-text('{english}')")
        page.click("#language")
        page.wait_for_selector(f"#tutorial:has-text('{chinese}')")
        assert english not in page.inner_text("#tutorial")
        assert "找到教程的每一行" in page.inner_text("#tutorial caption")
        assert page.locator("#tutorial [lang=en]").count() == 0
        page.click("#language")


def test_no_settings_are_shown_before_there_is_a_network(opened, monkeypatch):
    from fastnn.play import session

    may_go, load = Event(), session.load
    monkeypatch.setattr(session, "load", lambda *args: may_go.wait(60) and load(*args))
    page = opened(is_ready=False)
    page.wait_for_selector("#busy:has-text('Making the first network')")
    for place in ("[name=activation]", "#play", "#step"):
        assert page.locator(place).is_hidden()
    may_go.set()
    page.wait_for_selector("[name=activation]")
    assert page.input_value("[name=activation]") == "sigmoid"
    assert page.locator("#busy").is_hidden()


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("#data=xor&rate=-1", "rate must be a number"),
        ("#data=xor&layers=4,999", "layers must be a whole number from 1 to 256"),
        ("#data=xor&loss=cross_entropy", "cross_entropy"),
        ("#data=xor&activation=<img src=x>", "activation must be one of"),
        ("#data=xor&rate=fast", "rate must be a number from 1e-09 to 1000, got 'fast'"),
        ("#data=xor&shuffle=perhaps", "shuffle must be true or false, got 'perhaps'"),
        ("#data=none&layers=9", "there are no data 'none'"),
        ("#data=constructor", "there are no data 'constructor'"),
        ("#data=xor&layers=9&pace=1", "there is no setting 'pace'"),
        ("#data=xor&layers=9&lang=fr", "lang must be one of en, zh, got 'fr'"),
    ],
)
def test_a_bad_address_gets_an_error_and_a_network(opened, address, what):
    page = opened(address)
    page.wait_for_selector("#error:has-text('The page starts with the settings of data=xor.')")
    assert f"The address cannot be used: {what}" in page.inner_text("#error")
    assert "3-4-1" in page.inner_text("#summary")
    assert address_of(page).partition("#")[2] == "data=xor"
    page.goto(address_of(page).split("#")[0] + address)  # now as a change of a page that is there
    page.wait_for_selector("#error:not([hidden])")
    assert what in page.inner_text("#error")
    page.click("#language")
    wait_until(lambda: page.inner_text("#error").startswith("无法"))
    assert "3-4-1" in page.inner_text("#summary")


def test_a_bad_address_of_other_data_begins_with_those(opened):
    page = opened("#data=circles&rate=fast")
    page.wait_for_selector("#error:has-text('The page starts with the settings of data=circles.')")
    assert "2-8-4-1" in page.inner_text("#summary")
    page.fill("[name=rate]", "0.5")
    page.press("[name=rate]", "Tab")
    page.wait_for_selector("#error", state="hidden")
    page.click("#play")
    page.wait_for_selector("body[data-playing=true]")
    page.evaluate("location.hash = '#data=none'")  # changes nothing, and training goes on
    page.wait_for_selector("#error:has-text('Nothing has changed')")
    assert page.get_attribute("body", "data-playing") == "true"
    assert "rate=0.5" in address_of(page)


def test_a_bad_address_of_a_table_asks_for_the_file(opened, tmp_path):
    page = opened("#data=csv&nonsense=1", is_ready=False)
    page.wait_for_selector("#error:has-text('there is no setting')")
    (tmp_path / "own.csv").write_text("a,b,c\n" + "1,2,x\n3,5,y\n" * 5)
    page.set_input_files("#csv_file", tmp_path / "own.csv")
    page.wait_for_selector("#summary:has-text('2-8-2')")
    assert page.locator("#error").is_hidden()


def test_a_bad_setting_pauses_the_page_and_its_network(opened):
    page = opened("#data=gender&epochs=0")
    page.click("#play")
    page.wait_for_selector("body[data-playing=true]")
    page.fill("[name=rate]", "-1")
    page.press("[name=rate]", "Tab")
    page.wait_for_selector("#error:has-text('rate must be a number')")
    page.wait_for_selector("body[data-playing=false]")
    assert page.input_value("[name=rate]") == "0.1"
    settled(page)
    epoch = epoch_of(page)
    page.click("#batch_step")
    page.wait_for_selector("#step table")
    wait_until(lambda: epoch_of(page) > epoch)
    assert epoch_of(page) - epoch <= 1


def test_a_word_while_kernels_are_compiled(opened, server):
    page = opened()
    (line,) = server.sessions
    line._loop.call_soon_threadsafe(server.tell, "compiling predict_rows")
    page.wait_for_selector("#busy:has-text('Compiling kernels')")
    line._loop.call_soon_threadsafe(server.tell, "")
    page.wait_for_selector("#busy", state="hidden")
