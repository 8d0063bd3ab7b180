import json
import re

import pytest

from emonext_mm.utils.strangers import check_plain, parse_json, parse_yaml, shorten

LAUGHS = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n' + ''.join(
    f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 10)}]\n' for i in range(1, 12))
MERGES = 'a0: &a0 {x: 1}\n' + ''.join(
    f'a{i}: &a{i} {{<<: [{", ".join([f"*a{i - 1}"] * 10)}]}}\n' for i in range(1, 12))


@pytest.mark.parametrize('value', [None, True, 1.5, 'é', [], {'a': [1, {'b': 'c'}]}])
def test_plain_data(value):
    assert parse_json(json.dumps(value), 'it') == value
    assert parse_yaml(json.dumps(value), 'it') == value


def test_aliases_are_expanded():
    assert parse_yaml('a: &a [1]\nb: *a', 'it') == {'a': [1], 'b': [1]}


@pytest.mark.parametrize(('text', 'message'), [
    ('{"a": ', 'not valid JSON: .*line 1'),
    ('', 'not valid JSON'),
    ('[' * 100_000, 'deeply'),
    ('{"a":' * 100_000, 'deeply'),
    ('9' * 5000, 'digits'),
    ('[{"b": {"a": 1, "a": 1}}]', "key 'a' .*twice"),
], ids=lambda text: text[:40])
def test_wrong_json(text, message):
    with pytest.raises(ValueError, match=rf'^it\.json .*{message}'):
        parse_json(text, 'it.json')


@pytest.mark.parametrize(('text', 'message'), [
    ('a: [', 'not YAML: .*line 1'),
    ('[' * 20_000, 'deeply'),
    ('\n'.join(' ' * i + 'a:' for i in range(2000)), 'deeply'),
    ('a: 2020-13-45', 'month'),
    ('9' * 5000, 'digits'),
    ('a: 1\nb: 2\na: 1', "key 'a' .*twice"),
    ('runs: {"a": {}, a: {}}', "key 'a' .*twice"),
    ('{[a]: 1, [a]: 1}', 'unhashable'),
    (LAUGHS, '100,000 values'),
    ('&a [*a]', '50 levels'),
    ('&a {a: *a, b: *a}', '100,000 values'),
    (MERGES, 'merge'),
    ('!!python/object/apply:os.system ["touch marker"]', 'os.system'),
    ('"\\ud800"', 'Unicode'),
], ids=lambda text: text[:40])
def test_wrong_yaml(text, message):
    with pytest.raises(ValueError, match=rf'^it\.yml.*{message}') as error:
        parse_yaml(text, 'it.yml')
    assert '\n' not in str(error.value)


def test_bounds_of_plain_data():
    deep = [1]
    for _ in range(48):
        deep = {'a': deep}
    check_plain(deep, 'it')
    for value, message in ((['\ud800'], "it: '\\ud800' is no text"), ({'\udc80': 1}, 'no text'),
                           ([deep], 'it: nested in more than 50 levels'), (['x'] * 100_001, 'more than 100,000')):
        with pytest.raises(ValueError, match=re.escape(message)):
            check_plain(value, 'it')


@pytest.mark.parametrize(('value', 'text'), [
    ('a\nb', r"'a\nb'"), ([1, 'x'], "[1, 'x']"), ('x' * 100, "'" + 'x' * 16 + '...'), ([10**5000], 'a huge list'),
    ('\ud800', r"'\ud800'")])
def test_shortened_values(value, text):
    assert shorten(value, 20) == text
