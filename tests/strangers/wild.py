"""Wild values and damage, for all kinds."""
from __future__ import annotations

import copy
from typing import Any, NamedTuple

from hypothesis import strategies as st

# Text with half characters, ends of lines, controls, very long text.
WORDS = st.sampled_from([
    '', ' ', '0', '-1', 'x', 'nan', 'inf', '1e999', 'None', '\0', '\n', '\r', '"', ',', '\ud800', '\u2028', '\x1b[31m',
    '../../etc/passwd', '/dev/zero', 'http://localhost:9/x', 'x' * 5000, '9' * 5000])
TEXTS = WORDS | st.text(max_size=12)
NUMBERS = (st.integers(-3, 300) | st.sampled_from([2**31, 2**63, -2**63, 10**30, 10**300])
           | st.floats(allow_nan=True, allow_infinity=True))
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
                      max_leaves=8)


class Edit(NamedTuple):
    """A change of bytes at a place, given as a part of their length."""

    place: float
    length: float  # of the bytes replaced
    new: bytes
    times: int  # that the new bytes are repeated


FRAGMENTS = st.binary(max_size=6) | st.sampled_from([
    b'[', b'{', b'"', b',', b'\n', b'\r', b'\0', b'\xff', b'&a ', b'*a ', b'<<: ', b': ', b'- ', b'99999999',
    b'\xed\xa0\x80', b'!!python/name:os.system '])
EDITS = st.lists(st.builds(Edit, st.floats(0, 1), st.sampled_from([0, 0, 0, 0.001, 0.01, 0.3, 1]), FRAGMENTS,
                           st.sampled_from([1, 1, 1, 2, 300, 100_000])), max_size=4)


def damage(content: bytes, edits: list[Edit]) -> bytes:
    """Apply edits one after the other."""
    for edit in edits:
        begin = int(edit.place * len(content))
        content = content[:begin] + edit.new * edit.times + content[begin + round(edit.length * len(content)):]
    return content


class Change(NamedTuple):
    """A wild value at a place in plain data: steps into lists and dicts, each a choice among their entries."""

    steps: list[int]
    value: Any
    remove: bool


CHANGES = st.lists(st.builds(Change, st.lists(st.integers(0, 50), max_size=6), VALUES, st.booleans()), max_size=3)


def change(content: Any, changes: list[Change]) -> Any:
    """Change a copy of plain data. Steps end where there is nothing to step into."""
    holder = [copy.deepcopy(content)]
    for each in changes:
        node, key = holder, 0
        for step in each.steps:
            inner = node[key]
            if not isinstance(inner, (list, dict)) or not inner:
                break
            node, key = inner, list(inner)[step % len(inner)] if isinstance(inner, dict) else step % len(inner)
        if each.remove and node is not holder:
            del node[key]
        else:
            node[key] = copy.deepcopy(each.value)  # the same value may be put into itself
    return holder[0]
