import os
import re

import pytest

from emonext_mm.experiments.lists import read_list

CONFIG = """
model = dict(head=dict(sa_weight=1.0, stages=[1, 2]))
randomness = dict(seed=7)
"""
LIST = """
options: [model.head.sa_weight=2]
runs:
  plain: {config: configs/it.py, paper: 73.34}
  changed: {config: configs/it.py, options: [model.head.sa_weight=3, 'model.head.stages=[]', model.view=None]}
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / 'configs').mkdir()
    (tmp_path / 'configs' / 'it.py').write_text(CONFIG)

    def write(text):
        (tmp_path / 'list.yml').write_text(text)
        return tmp_path / 'list.yml'

    return write


def test_experiments(write, tmp_path):
    experiments = read_list(write(LIST), [0, 5], tmp_path / 'out')
    assert [(each.name, each.seed, each.paper) for each in experiments] == [
        ('plain', 0, 73.34), ('plain', 5, 73.34), ('changed', 0, None), ('changed', 5, None)]
    assert [str(each) for each in experiments[:2]] == ['plain, seed 0', 'plain, seed 5']
    assert experiments[3].folder == tmp_path / 'out' / 'changed' / 'seed_5'
    assert {each.config for each in experiments} == {tmp_path / 'configs' / 'it.py'}
    assert experiments[1].options == ('model.head.sa_weight=2', 'randomness.seed=5')


def test_options_are_merged_in_order(write, tmp_path):
    """Options of a run override those of the list, given options override both, and the seed is the last."""
    plain, changed = read_list(write(LIST), [1], tmp_path)
    assert (plain.cfg.model.head.sa_weight, changed.cfg.model.head.sa_weight) == (2, 3)
    assert (changed.cfg.model.head.stages, changed.cfg.model.view) == ([], None)
    assert plain.cfg.randomness.seed == 1
    for each in read_list(write(LIST), [1], tmp_path, ['model.head.sa_weight=4']):
        assert each.cfg.model.head.sa_weight == 4
        assert each.options[-2:] == ('model.head.sa_weight=4', 'randomness.seed=1')


def test_only_some(write, tmp_path):
    assert [each.name for each in read_list(write(LIST), [0, 1], tmp_path, only=['changed'])] == ['changed'] * 2
    with pytest.raises(ValueError, match=r'list\.yml: .*\bpart\b.*plain, changed'):
        read_list(write(LIST), [0], tmp_path, only=['plain', 'part'])


@pytest.mark.parametrize(('text', 'message'), [
    ('runs: {a: [', r'list\.yml is not YAML: .*line 1'),
    ('', r"list\.yml: there is no 'runs'"),
    ('- a', r"list\.yml: there is no 'runs'"),
    ('runs: {}', r"list\.yml: there is no 'runs'"),
    ('runs: [a]', r"list\.yml: runs is \['a'\]"),
    ('run: {}\nruns: {a: {config: configs/it.py}}', r"list\.yml: 'run', expected runs, options"),
    ('runs: {a: }', r"list\.yml, a: there is no 'config'"),
    ('runs: {a: {options: []}}', r"list\.yml, a: there is no 'config'"),
    ('runs: {a/b: {config: configs/it.py}}', r"list\.yml, 'a/b': .*letters"),
    ('runs: {a: {config: configs/it.py, seed: 1}}', r"list\.yml, a: 'seed', expected config, options, paper, measured"),
    ('runs: {a: {config: configs/it.py, paper: much}}', r"list\.yml, a: paper is 'much'"),
    ('runs: {a: {config: configs/it.py, options: x=1}}', r"list\.yml, a: options is 'x=1'"),
    ('runs: {a: {config: configs/it.py, options: [x]}}', r"list\.yml, a: option 'x', expected KEY=VALUE"),
    ('runs: {a: {config: configs/it.py, options: [{x: 1}]}}', r"list\.yml, a: option \{'x': 1\}, expected KEY=VALUE"),
    ('runs: {a: {config: configs/it.py, options: [model.head.stages.5=1]}}', r'list\.yml, a: ValueError in it\.py'),
    ('runs: {a: {config: configs/it.py, options: [val_dataloader.type=FER2013, val_dataloader.split=test]}}',
     r'list\.yml, a: ValueError in it\.py: val_dataloader .*\btest\b'),
    ('runs: {a: {config: configs/it.py, options: [data_preprocessor.mean=1, model.data_preprocessor.mean=2]}}',
     r'list\.yml, a: ValueError in it\.py: model\.data_preprocessor\.mean.* data_preprocessor\.mean'),
    ('runs: {a: {config: configs/it.py}, a: {config: configs/it.py}}', r"list\.yml is not YAML: .*'a' .*twice"),
    ('runs: {a: {config: configs/it.py}, b: {config: configs/it.py}}', r'list\.yml, b: the same .* as a$'),
    ('runs: {a: {config: configs/it.py, options: [x=1, y=2]}, b: {config: configs/it.py, options: [y=2, x=1]}}',
     r'list\.yml, b: the same .* as a$'),
    ('runs: {a: {config: configs/it.py}}\nruns: {b: {config: configs/it.py}}', r"'runs' .*twice"),
    ('runs: {a: {config: configs/it.py}, A: {config: configs/it.py}}', r'list\.yml, A: another run'),
    ('runs: {1: {config: configs/it.py}, "1": {config: configs/it.py}}', r'list\.yml, 1: a name is a text'),
    ('runs: {2020-01-01: {config: configs/it.py}}', r'list\.yml, datetime'),
    ('runs: {' + 'a' * 101 + ': {config: configs/it.py}}', r'list\.yml, .*100 letters'),
    ('runs: ' + '[' * 300 + ']' * 300, r'list\.yml: nested in more than 50 levels'),
    ('x: &x [1]\nruns: {a: {config: configs/it.py, options: &a [*a]}}', r'list\.yml: nested'),
    ('runs: {a: {config: configs/it.py, options: [' + 'x' * 999 + ']}}', r'option .x+\.\.\., expected'),
    ('runs: {a: {config: configs/it.py, paper: .nan}}', r'list\.yml, a: paper is nan'),
    ('runs: {a: {config: configs/it.py, paper: 0x' + 'f' * 5000 + '}}', r'list\.yml, a: paper is a huge int'),
    ('runs: {a: {config: "configs/it.py\\0"}}', r'list\.yml is not YAML|there is no config'),
    ('x' * 2**20 + 'x', r'list\.yml holds more than 1,048,576 bytes'),
], ids=lambda text: text[:60])
def test_wrong_list(write, tmp_path, text, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message) as error:
        read_list(write(text), [0], tmp_path)
    assert '\n' not in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize('option', ['launcher=pytorch', 'work_dir=x', 'resume=False', 'randomness.seed=3',
                                    'randomness=None'])
@pytest.mark.parametrize('place', ['list', 'run', 'command'])
def test_options_of_the_runner(write, tmp_path, option, place):
    """Each experiment has a work dir, a seed and a launcher of its own."""
    common, own = (f'[{option}]' if place == each else '[]' for each in ('list', 'run'))
    path = write(f'options: {common}\nruns: {{a: {{config: configs/it.py, options: {own}}}}}')
    with pytest.raises(ValueError, match=rf'list\.yml, a: option .{option}. is set by the runner'):
        read_list(path, [0], tmp_path, [option] if place == 'command' else [])


def test_options_beside_those_of_the_runner(write, tmp_path):
    options = ['randomness.deterministic=True', 'load_from=it.pth']
    (each, ) = read_list(write('runs: {a: {config: configs/it.py}}'), [0], tmp_path, options)
    assert each.cfg.randomness == dict(seed=0, deterministic=True)


@pytest.mark.parametrize('name', ['pipe', 'folder', 'loop', 'x' * 5000])
def test_config_that_is_no_file(write, tmp_path, name):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'loop').symlink_to('loop')
    with pytest.raises(FileNotFoundError, match='a: there is no config'):
        read_list(write(f'runs: {{a: {{config: {name}}}}}'), [0], tmp_path)
    if len(name) < 10:
        with pytest.raises((OSError, ValueError), match=name):
            read_list(tmp_path / name, [0], tmp_path)


def test_wrong_command(write, tmp_path):
    with pytest.raises(ValueError, match='seeds 1 2 1'):
        read_list(write(LIST), [1, 2, 1], tmp_path)
    with pytest.raises(ValueError, match="plain: option 'lr', expected KEY=VALUE"):
        read_list(write(LIST), [1], tmp_path, ['lr'])
    with pytest.raises(FileNotFoundError, match=r'none\.yml'):
        read_list(tmp_path / 'none.yml', [1], tmp_path)
    with pytest.raises(FileNotFoundError, match=re.escape(f'a: there is no config {tmp_path}/none.py')):
        read_list(write('runs: {a: {config: none.py}}'), [1], tmp_path)


def test_config_that_is_wrong(write, tmp_path):
    path = write(LIST)
    (tmp_path / 'configs' / 'it.py').write_text('model = dict(')
    with pytest.raises(ValueError, match=r'list\.yml, plain: .*Error in it\.py'):
        read_list(path, [1], tmp_path)
