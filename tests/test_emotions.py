import pytest

from emonext_mm.emotions import CLASSES, class_index


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
