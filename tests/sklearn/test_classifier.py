"""What only the classifier has."""

import numpy as np
import pytest

from fastnn.sklearn import MLPClassifier, TabularClassifier

from .twins import make_ours, make_samples, make_targets, make_twins, of_both

X = make_samples()


@pytest.mark.parametrize("labels", [["b", "a"], [2, -1], [True, False], [2.0, 1.0]])
def test_classes_come_in_order_whatever_they_are(labels):
    y = np.array(labels)[make_targets("binary")]
    got, expected = of_both(make_twins("binary"), "fit", X, y)
    np.testing.assert_array_equal(got.classes_, sorted(labels))
    np.testing.assert_array_equal(got.predict(X), expected.predict(X))
    np.testing.assert_array_equal(got.classes_[got.predict_proba(X).argmax(1)], got.predict(X))


def test_one_class_is_predicted_always():
    got, expected = of_both(make_twins("binary"), "fit", X, np.full(len(X), "only"))
    np.testing.assert_array_equal(got.predict(X), expected.predict(X))
    assert set(got.predict(X)) == {"only"}


def test_several_labels_are_independent():
    (ours,) = of_both([make_ours("multilabel")], "fit", X, make_targets("multilabel"))
    got = ours.predict_proba(X)
    assert ours.out_activation_ == "logistic"
    assert not np.allclose(got.sum(axis=1), 1)
    np.testing.assert_array_equal(ours.predict(X), got > 0.5)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_probabilities_of_classes_sum_to_one(kind):
    (ours,) = of_both([make_ours(kind)], "fit", X, make_targets(kind))
    np.testing.assert_allclose(ours.predict_proba(X).sum(axis=1), 1, rtol=1e-14)


def test_class_weights_of_several_labels():
    y = make_targets("multilabel")
    by_label = [{0: 1.0, 1: 2.0}, {0: 1.0, 1: 1.0}, {0: 0.5, 1: 1.0}]
    got = make_ours("multilabel", class_weight=by_label)
    expected = make_ours("multilabel")
    weights = (1.0 + y[:, 0]) * (0.5 + 0.5 * y[:, 2])
    of_both([got], "fit", X, y)
    of_both([expected], "fit", X, y, sample_weight=weights)
    np.testing.assert_allclose(got.predict_proba(X), expected.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize(
    ("labels", "class_weight", "message"),
    [
        (["no", "yes"], {"neni": 5.0}, r"which are \['no', 'yes'\], got \['neni'\]$"),
        ([False, True], {"True": 5.0, True: 1.0}, r"which are \[False, True\], got \['True'\]$"),
        ([3, 7], {3: 1.0, 0: 2.0, 1: 2.0}, r"which are \[3, 7\], got \[0, 1\]$"),
    ],
)
@pytest.mark.parametrize("Estimator", [MLPClassifier, TabularClassifier])
def test_class_weights_of_labels_that_are_none(Estimator, labels, class_weight, message):
    y = np.array(labels)[make_targets("binary")]
    with pytest.raises(ValueError, match=f"^class_weight must name classes of y, {message}"):
        Estimator(class_weight=class_weight).fit(X, y)


def test_a_class_that_a_part_of_the_data_lacks_may_have_a_weight():
    y = make_targets("binary")
    got = make_ours("binary", class_weight={0: 1.0, 1: 2.0, 2: 9.0})
    expected = make_ours("binary", class_weight={1: 2.0})
    of_both([got, expected], "fit", X, y)
    np.testing.assert_array_equal(got.predict_proba(X), expected.predict_proba(X))
