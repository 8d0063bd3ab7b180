"""The seven emotions of FER2013: order, names and common synonyms."""
from __future__ import annotations

from collections.abc import Sequence

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


def check_names(classes: Sequence[str]) -> None:
    """Check that the names of classes are text: on the command line ``0,1,2`` are numbers.

    Raises:
        ValueError: a name is none.
    """
    for name in classes:
        if not isinstance(name, str):
            raise ValueError(f'the name of a class is {name!r} ({type(name).__name__}), expected text')


def find_order(classes: Sequence[str], others: Sequence[str]) -> list[int]:
    """Index in ``others`` of each of ``classes``, the same names in another order; synonyms of emotions are the same.

    Raises:
        ValueError: they are not the same names, or are in another order and one stands twice; a name is no text.
    """
    check_names([*classes, *others])
    names, known = ([_known_name(name) for name in each] for each in (classes, others))
    if names == known:  # ImageNet has some names twice
        return list(range(len(names)))
    if sorted(names) != sorted(known) or len(set(known)) < len(known):
        raise ValueError(f'the classes {", ".join(map(str, classes))} of the data are not those of the model, '
                         f'{", ".join(map(str, others))}')
    return [known.index(name) for name in names]


def _known_name(name: str) -> str:
    try:
        return CLASSES[class_index(name)]
    except ValueError:
        return name
