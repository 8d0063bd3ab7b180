import pytest

from emonext_mm.emotions import CLASSES, class_index, find_order


def test_index_order_of_fer2013():
    """0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral (Goodfellow et al., 2013)."""
    assert CLASSES == ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')
    assert [class_index(name) for name in CLASSES] == list(range(7))


def test_synonyms_in_any_case():
    synonyms = ('Anger', 'DISGUSTED', ' fearful', 'Happiness', 'sadness', 'Surprised', 'Neutral')
    assert [class_index(name) for name in synonyms] == list(range(7))


def test_unknown_class():
    with pytest.raises(ValueError, match="unknown class 'contempt'; known: angry, "):
        class_index('contempt')


def test_order():
    assert find_order(CLASSES, CLASSES) == list(range(7))
    names = sorted(CLASSES)
    assert [names[i] for i in find_order(CLASSES, names)] == list(CLASSES)
    assert find_order(['Happiness', 'ANGER'], ['angry', 'happy']) == [1, 0]  # as folders are named
    assert find_order(['left', 'right'], ['right', 'left']) == [1, 0]


@pytest.mark.parametrize('others', [['a', 'b', 'c'], ['a'], ['a', 'x'], ['a', 'a'], ['happy', 'happiness']])
def test_other_classes(others):
    for pair in ((['a', 'b'], others), (others, ['a', 'b'])):
        with pytest.raises(ValueError, match=', '.join(others)):
            find_order(*pair)


@pytest.mark.parametrize('classes', [[0, 1, 2], ['a', 1.5], ['a', None]])
def test_names_that_are_no_text(classes):
    for pair in ((classes, ['a', 'b', 'c']), (classes, classes)):
        with pytest.raises(ValueError, match=rf'({classes[1]}|{classes[0]}) \(\w+\), expected text'):
            find_order(*pair)


def test_a_name_that_stands_twice():
    """As in the classes of ImageNet: the same order is clear, another is not."""
    assert find_order(['crane', 'x', 'crane'], ['crane', 'x', 'crane']) == [0, 1, 2]
    with pytest.raises(ValueError, match='crane'):
        find_order(['crane', 'x', 'crane'], ['x', 'crane', 'crane'])
