import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from fastnn import Dense, Network
from fastnn.callbacks import EarlyStopping
from fastnn.plotting import SurfaceAnimation

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0, 1, 1, 0])


def trained(frames, epochs=5, **options):
    net = Network(2, [Dense(3, "tanh"), Dense(1, "sigmoid")], seed=0)
    net.fit(X, Y, epochs=epochs, learning_rate=0.5, callbacks=[frames], **options)
    return net


@pytest.mark.parametrize(
    ("every", "expected"), [(1, [-1, 0, 1, 2, 3, 4]), (2, [-1, 1, 3, 4]), (50, [-1, 4])]
)
def test_frames_are_the_start_every_few_epochs_and_the_end(every, expected):
    frames = SurfaceAnimation(X, Y, every=every)
    trained(frames)
    assert frames.epochs == expected


def test_a_resumed_training_goes_on_and_a_fresh_one_begins_anew():
    frames = SurfaceAnimation(X, Y, every=2)
    net = trained(frames)
    for _ in range(3):
        net.fit(X, Y, resume=True, callbacks=[frames])
    assert frames.epochs == [-1, 1, 3, 5, 7]
    trained(frames, epochs=2)
    assert frames.epochs == [-1, 1]


def test_recording_changes_no_training():
    plain = Network(2, [Dense(3, "tanh"), Dense(1, "sigmoid")], seed=0)
    plain.fit(X, Y, epochs=5, learning_rate=0.5)
    np.testing.assert_array_equal(trained(SurfaceAnimation(X, Y)).params, plain.params)


def test_the_gif_has_a_picture_for_each_frame(tmp_path):
    frames = SurfaceAnimation(X, Y, every=2)
    net = trained(frames)
    before = net.params.copy()
    frames.save(tmp_path / "a.gif", fps=2, dpi=40)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 4
        assert image.info["duration"] == 500
        assert image.size == (320, 200)
    np.testing.assert_array_equal(net.params, before)
    assert not plt.get_fignums()


def test_the_page_has_all_within_itself(tmp_path):
    frames = SurfaceAnimation(X, Y, X_test=X + 0.1, y_test=Y, every=3, class_names=["no", "yes"])
    trained(frames)
    frames.save(tmp_path / "a.html", dpi=40)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("data:image/png;base64,") == len(frames.epochs) == 3
    assert 'type="range"' in page
    assert not any(sign in page for sign in ("://", "<link", 'src="http'))
    assert "{" not in page.partition("<title>")[2].partition("</title>")[0]
    assert not plt.get_fignums()


def test_a_notebook_shows_the_player_once_there_is_something():
    frames = SurfaceAnimation(X, Y, every=5)
    assert frames._repr_html_() is None
    trained(frames)
    assert "anim-slider" in frames._repr_html_()


def test_frames_are_of_the_samples_as_they_were():
    points = X.copy()
    frames = SurfaceAnimation(points, Y)
    points[:] = np.nan
    trained(frames, epochs=1)
    assert "anim-slider" in frames.to_html(dpi=30)


def test_it_works_beside_a_callback_that_stops():
    frames = SurfaceAnimation(X, Y)
    stopping = EarlyStopping("loss", patience=1, min_delta=10.0)
    net = Network(2, [Dense(1, "sigmoid")], seed=0)
    net.fit(X, Y, epochs=50, callbacks=[frames, stopping])
    assert frames.epochs == [-1, 0, 1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.mp4", {}, "path must end in .gif or .html, got .*a.mp4"),
        ("a", {}, "path must end in .gif or .html"),
        ("a.gif", {"fps": 0}, "fps must be"),
        ("a.html", {"dpi": -1}, "dpi must be"),
    ],
)
def test_a_wrong_file_or_speed(tmp_path, name, options, message):
    frames = SurfaceAnimation(X, Y)
    trained(frames, epochs=1)
    with pytest.raises(ValueError, match=message):
        frames.save(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_nothing_recorded_and_no_folder(tmp_path):
    frames = SurfaceAnimation(X, Y)
    for name in ("a.gif", "a.html"):
        with pytest.raises(ValueError, match="a network must have been recorded: pass this to fit"):
            frames.save(tmp_path / name)
        with pytest.raises(FileNotFoundError, match="path must be in a folder that exists"):
            frames.save(tmp_path / "none" / name)


def test_a_network_of_three_inputs_is_refused_before_training():
    net = Network(3, [Dense(1)], seed=0)
    before = net.params.copy()
    with pytest.raises(ValueError, match="net must have 2 inputs, got 3"):
        net.fit(np.zeros((4, 3)), Y, callbacks=[SurfaceAnimation(X, Y)])
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((X, [0, 1]), {}, "y must have shape"),
        ((X, Y), {"every": 0}, "every must be at least 1, got 0"),
        ((X, Y), {"class_names": ["one"]}, "class_names must be 2 names or more"),
        ((X, Y, X), {}, "X_test and y_test must both be given"),
    ],
)
def test_wrong_samples(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        SurfaceAnimation(*arguments, **options)
