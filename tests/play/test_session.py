"""A page's session trains, pauses, steps and answers; two sessions do not disturb one another."""

from time import monotonic, sleep

import numpy as np
import pytest

from .conftest import Client, ended

pytestmark = pytest.mark.compiled


def trained(client):
    """Return the picture after training has paused."""
    assert client.ask("play", "playing")["type"] == "playing"
    assert client.hear("paused", "error")["why"] == "done"
    return client.ask("frame", "frame")


def epoch_after(client, epoch):
    """Return the epoch as soon as training is past `epoch`."""
    until = monotonic() + 30
    while (now := client.ask("frame", "frame")["epoch"]) <= epoch:
        assert monotonic() < until
    return now


def test_training_pauses_after_the_epochs_that_are_set_and_goes_on(client):
    client.use("xor", epochs=500, speed=0)
    assert trained(client)["epoch"] == 500
    frame = trained(client)
    assert frame["epoch"] == 1000
    assert frame["losses"][[0, -1], 0].tolist() == [1, 1000]
    assert frame["losses"].shape[0] <= 513
    assert not frame["playing"]
    assert client.ask("reset", "scene")["n_params"] == 16
    assert client.ask("frame", "frame")["epoch"] == 0


def test_spans_do_not_change_the_numbers(client):
    from fastnn.play.data import load
    from fastnn.play.networks import build
    from fastnn.play.settings import PRESETS

    client.use("spirals", epochs=40, speed=0)
    outputs = trained(client)["outputs"]
    settings = PRESETS["spirals"]
    data = load(settings, None)
    net = build(settings, data)
    net.fit(data.X, data.y, epochs=40, batch_size=10, optimizer="adam", learning_rate=0.01)
    np.testing.assert_array_equal(outputs, net.predict(data.X[: len(outputs)]).astype("float32"))


def test_a_speed_holds(client):
    client.use("gender", epochs=0, speed=100)
    began = monotonic()
    client.ask("play", "playing")
    epoch = epoch_after(client, 30)
    assert epoch <= 100 * (monotonic() - began) + 2


def test_a_rate_is_changed_while_training_goes_on(client):
    client.use("gender", epochs=0, speed=0)
    client.ask("play", "playing")
    from fastnn.play.settings import PRESETS

    settings = PRESETS["gender"].as_json() | {"epochs": 0, "speed": 0, "rate": 0.05}
    epoch = epoch_after(client, 0)
    assert client.ask("set", "tuned", settings=settings)["settings"]["rate"] == 0.05
    assert epoch_after(client, epoch) > epoch


def test_a_step_shows_the_numbers_before_and_after(client):
    client.use("xor")
    step = client.ask("step", "step", of="sample")
    assert step["rows"] == [1, 1]
    layers = [
        {array["name"]: np.array(array["values"]) for array in layer} for layer in step["layers"]
    ]
    for layer in layers:
        z = layer["x"] @ layer["W"]
        np.testing.assert_allclose(z, layer["z"], atol=1e-12)
        np.testing.assert_allclose(1 / (1 + np.exp(-z)), layer["a"], atol=1e-12)
        np.testing.assert_allclose(
            layer["x"].T @ layer["delta"], layer["gradient of W"], atol=1e-12
        )
        np.testing.assert_allclose(-layer["gradient of W"], layer["adjustment of W"], atol=1e-12)
        np.testing.assert_allclose(
            layer["W"] + layer["adjustment of W"], layer["W after the step"], atol=1e-12
        )
    assert client.ask("frame", "frame")["samples"] == 1
    weights = client.ask("weights", "weights")["layers"]
    assert weights[0][0]["values"] == layers[0]["W after the step"].tolist()
    for row in range(2, 8):
        assert client.ask("step", "step", of="sample")["rows"] == [row, row]
    assert client.ask("frame", "frame")["epoch"] == 1


@pytest.mark.parametrize("bias", ["trained", "frozen", "none"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    ("data", "output", "loss"),
    [("xor", "sigmoid", "half_sse"), ("gender", "sigmoid", "binary_cross_entropy"),
     ("moons", "softmax", "sse"), ("moons", "softmax", "cross_entropy"),
     ("xor", "exp", "poisson")],
)  # fmt: skip
def test_a_batch_is_worked_by_hand(client, data, output, loss, reduction, bias):
    rate, kept = 0.05, {"layers": [3], "bias": bias, "reduction": reduction}
    client.use(data, output=output, loss=loss, rate=rate, batch=4, start="glorot_uniform", **kept)
    step = client.ask("step", "step", of="batch")
    assert (step["rows"], step["reduction"], step["rate"]) == ([1, 4], reduction, rate)
    layers = [
        {array["name"]: np.array(array["values"]) for array in layer} for layer in step["layers"]
    ]
    for layer in layers:
        assert "error" in layer
        if "f'(z)" in layer:
            np.testing.assert_allclose(layer["error"] * layer["f'(z)"], layer["delta"], atol=1e-12)
        gradients = {"W": layer["x"].T @ layer["delta"], "b": layer["delta"].sum(axis=0)[None]}
        assert ("b" in layer) == (bias != "none")
        assert ("adjustment of b" in layer) == (bias == "trained")
        for name in ("W", "b") if bias == "trained" else ("W",):
            gradient = gradients[name] / (1 if reduction == "sum" else 4)
            np.testing.assert_allclose(layer[f"gradient of {name}"], gradient, atol=1e-12)
            np.testing.assert_allclose(layer[f"adjustment of {name}"], -rate * gradient, atol=1e-12)


def test_the_delta_of_an_output_that_is_sure_is_known_without_its_factors():
    from fastnn import Dense, Network
    from fastnn.play.steps import opened

    layer = Dense(1, "sigmoid", weights=[[1e3]])
    net = Network(1, [layer], loss="binary_cross_entropy")
    (step,) = opened(net, np.array([[-5.0]]), np.array([1.0]), "mean")
    arrays = {array["name"]: array["values"] for array in step.as_json()}
    assert arrays["a"] == [[0]]
    assert arrays["delta"] == [[-1]]
    assert not {"error", "f'(z)"} & {*arrays}


def test_a_row_of_softmax_is_worked_by_hand(client):
    client.use("moons", output="softmax", loss="cross_entropy")
    last = client.ask("step", "step", of="sample")["layers"][-1]
    step = {array["name"]: np.array(array["values"]) for array in last}
    np.testing.assert_allclose(step["error"] @ step["f'(z)"], step["delta"], atol=1e-12)


@pytest.mark.parametrize(
    ("schedule", "share"),
    [
        ("constant", lambda at: 1),
        ("step", lambda at: 0.5 ** (at // 1)),
        ("exponential", lambda at: 0.5**at),
        ("cosine", lambda at: (1 + np.cos(np.pi * at)) / 2),
    ],
    ids=["constant", "step", "exponential", "cosine"],
)
def test_a_schedule_gives_the_rate_of_each_update(client, schedule, share):
    """An epoch of `gender` is four updates, by steps or at once; the span is of eight."""
    client.use("gender", schedule=schedule, span=2, rate=0.3, epochs=1, speed=0)
    got = [client.ask("step", "step", of="sample")["rate"] for _ in range(4)]
    trained(client)
    got += [client.ask("step", "step", of="sample")["rate"] for _ in range(2)]
    expected = [0.3 * share(update / 8) for update in (0, 1, 2, 3, 8, 9)]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_a_penalty_and_dropout_take_part(client):
    steps = {}
    for name, changes in (("plain", {}), ("l2", {"l2": 0.5}), ("dropout", {"dropout": 0.9})):
        client.use("circles", batch=0, **changes)
        step = client.ask("step", "step", of="batch")
        steps[name] = {array["name"]: np.array(array["values"]) for array in step["layers"][0]}
    plain, l2, dropout = steps.values()
    rate = 0.03
    np.testing.assert_allclose(
        l2["adjustment of W"], plain["adjustment of W"] - rate * 0.5 * plain["W"], atol=1e-12
    )
    np.testing.assert_array_equal(plain["z"], dropout["z"])  # shown without
    assert not np.allclose(plain["adjustment of W"], dropout["adjustment of W"])


def test_play_ends_the_epoch_that_steps_have_begun(client):
    client.use("gender", epochs=3, speed=0)
    client.ask("step", "step", of="sample")
    frame = trained(client)  # the rest of the first, and more until three are past
    assert frame["epoch"] == 4
    assert frame["losses"][:, 0].tolist() == [1, 2, 3, 4]


def test_rows_count_from_1_in_steps_as_in_the_table(client):
    assert client.use("xor")["rows"][0] == {"name": "1", "x": [0, 0, 1], "y": "0"}
    assert client.ask("step", "step", of="sample")["rows"] == [1, 1]


def test_a_row_of_ones_own_is_answered(client):
    client.use("gender")
    (outputs,) = (client.ask("ask", "answer", x=[-7, -3])["outputs"],)
    assert len(outputs) == 1
    assert "2" in client.ask("ask", "answer", x=[1, 2, 3])["message"]


def test_a_table_of_ones_own_is_trained_on(client):
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'red' if a > b else 'green'}" for a, b in rng.normal(size=(80, 2))]
    columns = client.ask("csv", "columns", name="own.csv", text="\n".join(["a,b,colour", *rows]))
    assert columns == {"type": "columns", "numeric": ["a", "b"], "labels": ["colour"], "rows": 80}
    scene = client.use("csv", epochs=60, speed=0)
    assert scene["kind"] == "plane"
    assert scene["classes"] == ["green", "red"]
    assert trained(client)["figures"]["accuracy"] > 0.9


def test_a_table_is_shown_and_asked_in_its_own_units(client):
    rng = np.random.default_rng(3)
    rows = [[f"{1e6 + a:.0f}", f"{b / 1e3:.6f}"] for a, b in 100 * rng.normal(size=(30, 2))]
    lines = [",".join([*row, "uv"[s % 2]]) for s, row in enumerate(rows)]
    client.ask("csv", "columns", name="own.csv", text="\n".join(["far,near,kind", *lines]))
    scene = client.use("csv", epochs=5, speed=0)
    own = np.array(rows, float)
    assert [row["x"] for row in scene["rows"]] == own[:24].tolist()
    x0, x1, y0, y1 = scene["own_extent"]
    for (least, most), column in zip(((x0, x1), (y0, y1)), own.T, strict=True):
        margin = 0.12 * np.ptp(column)
        np.testing.assert_allclose([least, most], [column.min() - margin, column.max() + margin])
    outputs = trained(client)["outputs"]
    for row, expected in zip(own[:24].tolist(), outputs, strict=True):
        got = client.ask("ask", "answer", x=row)["outputs"]
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert client.ask("ask", "answer", x=[1e14, 0])["type"] == "answer"
    assert client.ask("ask", "error", x=[1])["message"] == "x must hold 2 numbers, got 1"


def test_data_that_are_not_scaled_have_one_extent(client):
    scene = client.use("gender")
    assert scene["own_extent"] == scene["extent"]


def test_another_table_of_the_same_columns_is_another(client):
    rows = [f"{i},{i * i % 5},{'ab'[i % 2]}" for i in range(20)]
    for n in (20, 10):
        client.ask("csv", "columns", name="own.csv", text="\n".join(["x,y,kind", *rows[:n]]))
        assert client.use("csv")["n_samples"] == n


def test_a_digit_is_drawn(client):
    client.use("digits", epochs=5, speed=0)
    trained(client)
    pixels = np.zeros((20, 20), int)
    pixels[3:17, 10:12] = 255
    drawn = client.ask("draw", "drawn", pixels=pixels.ravel().tolist())
    assert drawn["image"].shape == (20, 20)
    assert int(np.argmax(drawn["outputs"])) == 1


def test_divergence_pauses_and_asks_for_a_reset(client):
    client.use("circles", activation="identity", output="identity", loss="sse", rate=1000, speed=0)
    client.say("play")
    assert client.hear("error")["code"] == "diverged"
    assert "reset" in client.ask("step", "step", of="batch")["message"]
    assert client.ask("reset", "scene")["type"] == "scene"
    assert client.ask("step", "step", of="sample")["type"] == "step"


def test_a_page_trains_for_a_number_of_epochs_at_most(client, monkeypatch):
    monkeypatch.setattr("fastnn.play.run.MOST_EPOCHS", 50)
    client.use("xor", epochs=0, speed=0)
    client.ask("play", "playing")
    assert client.hear("paused")["why"] == "limit"
    assert client.ask("frame", "frame")["epoch"] == 50
    assert client.ask("play", "paused")["why"] == "limit"


def test_two_pages_at_once_are_two_networks(server, client):
    with ended(Client(server)) as other:
        client.use("xor", epochs=0, speed=0)
        other.use("moons", epochs=0, speed=0)
        for page in (client, other):
            page.ask("play", "playing")
        for page in (client, other):
            epoch_after(page, 0)
        client.ask("pause", "paused")
        at = [page.ask("frame", "frame")["epoch"] for page in (client, other)]
        assert epoch_after(other, at[1]) > at[1]
        assert client.ask("frame", "frame")["epoch"] == at[0] > 0


def test_a_page_that_goes_ends_its_thread(server):
    import threading

    gone = Client(server)
    gone.use("moons", epochs=0, speed=0)
    gone.ask("play", "playing")
    before = threading.active_count()
    gone.end()
    until = monotonic() + 20
    while threading.active_count() >= before and monotonic() < until:
        sleep(0.05)
    assert threading.active_count() < before
