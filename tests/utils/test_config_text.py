"""Values of a config from its text, and the differences of two."""
import math

import pytest
from mmengine.config import Config

from emonext_mm.utils.config_text import MISSING, differences, read_config_text
from emonext_mm.utils.installation import find_root

RAN = []


@pytest.mark.parametrize('name', ['emonext_tiny_fer2013', 'peers/resmasking_34_fer2013', 'emonext_atto_fer2013_cpu'])
def test_reads_what_the_host_writes(name):
    cfg = Config.fromfile(find_root() / 'configs' / f'{name}.py')
    cfg.keys_of_any_kind = {'a.b': {1: (2, [-3.5, None, True, "it's"])}}
    assert read_config_text(cfg.pretty_text) == cfg.to_dict()


def test_runs_nothing():
    text = "import os\na = RAN.append(1)\nb = dict(c=inf, d=[f'{RAN.append(2)}'], **e)\nf = dict([(1, 2)])\ng: int = 3"
    assert read_config_text(text) == dict(a='RAN.append(1)', b="dict(c=inf, d=[f'{RAN.append(2)}'], **e)",
                                          f='dict([(1, 2)])')
    assert read_config_text("a = -inf\nb = -'c'\nc = {**d}\nd = -1e-3\ne = {1, 2}") == dict(
        a='-inf', b="-'c'", c='{**d}', d=-1e-3, e='{1, 2}')
    assert not RAN


@pytest.mark.parametrize('text', ['a = <class>', 'a = \0', 'a = ' + '[' * 5000, 'a = ' + '-' * 10 ** 5 + '1'])
def test_no_config(text):
    with pytest.raises(ValueError, match='config'):
        read_config_text(text)


def test_differences():
    one = dict(a=1, b=dict(c=[1, dict(d=2)], e=(1, 2), f='x'), g=[1], h=0, num_workers=2, i=dict(num_workers=2, j=1))
    other = dict(a=1, b=dict(c=[1, dict(d=math.pi)], e=[1, 2], k=None), g=[1, 2], num_workers=3,
                 i=dict(num_workers=3, j=2))
    assert differences(one, other, ['num_workers', 'i.j']) == [
        ('b.c.1.d', 2, math.pi), ('b.f', 'x', MISSING), ('b.k', MISSING, None), ('g', [1], [1, 2]), ('h', 0, MISSING)]
    assert differences(one, one) == []
