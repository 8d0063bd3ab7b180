"""JSON and YAML of strangers: parsed within bounds, with one line for what is refused."""
from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import yaml

MAX_DEPTH = 50  # lists and dicts inside each other
MAX_VALUES = 100_000  # on one level; each use of a YAML alias counts


def parse_json(text: str, name: str) -> Any:
    """Parse JSON. What the caller does not check value by value needs :func:`check_plain`.

    Args:
        name: of the text, for messages.

    Raises:
        ValueError: not JSON, the same key twice in an object, a number of thousands of digits, or nested too deeply.
    """
    return _parse(lambda: json.loads(text, object_pairs_hook=_to_dict), f'{name} is not valid JSON')


def parse_yaml(text: str, name: str) -> Any:
    """Parse YAML as plain data within the bounds of :func:`check_plain`. Merge keys (``<<``) are not supported.

    Args:
        name: of the text, for messages.

    Raises:
        ValueError: not YAML, the same key twice in a mapping, nested too deeply, or aliases that expand too far.
    """
    content = _parse(lambda: yaml.load(text, _Loader), f'{name} is not YAML')  # noqa: S506 (a SafeLoader)
    check_plain(content, name)
    return content


def check_plain(value: Any, name: str) -> None:
    """Check plain data: at most ``MAX_DEPTH`` levels of at most ``MAX_VALUES`` values, text that UTF-8 can hold.

    Args:
        name: of the data, for messages.

    Raises:
        ValueError: see above.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        if len(level) > MAX_VALUES:
            raise ValueError(f'{name}: more than {MAX_VALUES:,} values')
        for item in level:
            if isinstance(item, str) and not is_unicode(item):
                raise ValueError(f'{name}: {shorten(item)} is no text in Unicode')
        level = list(islice(chain.from_iterable(map(_items, level)), MAX_VALUES + 1))
        if not level:
            return
    raise ValueError(f'{name}: nested in more than {MAX_DEPTH} levels')


def shorten(value: Any, length: int = 80) -> str:
    """A value in one line of at most ``length`` characters, for messages."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits; nested too deeply
        text = f'a huge {type(value).__name__}'
    return text if len(text) <= length else f'{text[:length - 3]}...'


def show_name(name: str, length: int = 80) -> str:
    """A name in one line of at most ``length`` characters, for messages: as it is, or quoted if it must be escaped."""
    return shorten(name, length) if not name.isprintable() or len(name) > length else name


def list_names(names: Sequence[str], most: int = 20) -> str:
    """Names in one line, for messages: the first ones, if there are many."""
    return ', '.join(map(show_name, names[:most])) + (', ...' if len(names) > most else '')


def is_unicode(text: str) -> bool:
    """Return whether UTF-8 can hold a text, so that it can be written and printed."""
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses the same key twice, which YAML forbids and PyYAML takes silently."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave merge keys as they are: they can expand without end."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        _check_distinct([key for key in keys if isinstance(key, Hashable)])
        return super().construct_mapping(node, deep)


def _parse(parse: Callable[[], Any], fault: str) -> Any:
    try:
        return parse()
    except RecursionError:
        raise ValueError(f'{fault}: nested too deeply') from None
    except (ValueError, yaml.YAMLError) as error:  # a damaged number or date is a ValueError
        raise ValueError(f'{fault}: {" ".join(str(error).split())[:300]}') from None


def _to_dict(pairs: list[tuple[str, Any]]) -> dict:
    result = dict(pairs)
    if len(result) < len(pairs):
        _check_distinct([key for key, _ in pairs])
    return result


def _check_distinct(keys: list) -> None:
    if len(set(keys)) < len(keys):
        twice = next(key for index, key in enumerate(keys) if key in keys[:index])
        raise ValueError(f'the key {shorten(twice)} stands twice in one place')


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        return chain(value, value.values())
    return iter(value if isinstance(value, (list, tuple, set)) else ())
