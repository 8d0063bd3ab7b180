"""The seven emotions of FER2013: order, names and common synonyms."""
from __future__ import annotations

CLASSES = ('angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral')
UNLABELLED = -1  # class index of a face without a label

_SYNONYMS = {
    'anger': 'angry',
    'disgusted': 'disgust',
    'fearful': 'fear',
    'happiness': 'happy',
    'sadness': 'sad',
    'surprised': 'surprise',
}


def class_index(name: str) -> int:
    """Return the index of an emotion in ``CLASSES``; any case and synonyms such as ``anger`` are accepted.

    Raises:
        ValueError: ``name`` is none of the seven emotions.
    """
    key = name.strip().lower()
    key = _SYNONYMS.get(key, key)
    if key not in CLASSES:
        raise ValueError(f'unknown class {name!r}; known: {", ".join((*CLASSES, *_SYNONYMS))}')
    return CLASSES.index(key)
