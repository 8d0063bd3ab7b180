import argparse
import json

import pytest
import torch


@pytest.fixture
def measure(script):
    return script('_measure')


class Clock:
    """A clock that only its sides advance, and a log of their calls."""

    def __init__(self, monkeypatch, measure):
        self.now, self.calls = 0.0, ''
        monkeypatch.setattr(measure, 'timer', lambda: self.now)
        monkeypatch.setattr(measure, 'MINIMUM', 0.5)

    def side(self, name, seconds):
        def call():
            self.now += seconds
            self.calls += name
        return call


def test_sides_alternate_after_two_calls_to_warm_up(measure, monkeypatch):
    clock = Clock(monkeypatch, measure)
    seconds = measure.alternate({'a': clock.side('a', 2.0), 'b': clock.side('b', 1.0)}, rounds=3)
    assert clock.calls == 'aabb' + 'ab' * 3
    assert seconds == {'a': [2.0] * 3, 'b': [1.0] * 3}


def test_a_short_call_is_repeated_to_fill_a_measurement(measure, monkeypatch):
    clock = Clock(monkeypatch, measure)
    seconds = measure.alternate({'a': clock.side('a', 0.125), 'b': clock.side('b', 1.0)}, rounds=2)
    assert clock.calls == 'aabb' + 'aaaab' * 2
    assert seconds['a'] == [0.125] * 2


def test_ratios_are_taken_round_by_round(measure):
    table = measure.Table('t', 's', {'ours': [2.0, 4.0, 1.0], 'other': [6.0, 4.0, 5.0]}, ('ours',), images=8)
    assert table.ratios() == [{'of': 'other', 'over': 'ours', 'median': 3.0, 'low': 1.0, 'high': 5.0}]
    plain = table.to_dict()
    assert plain['sides']['ours'] == {
        'rounds': [2.0, 4.0, 1.0], 'median': 2.0, 'low': 1.0, 'high': 4.0, 'images_per_second': 4.0}
    assert plain['sides']['other']['images_per_second'] == 1.6
    assert 'other / ours = 3 (1..5)' in table.format()


def test_each_other_side_is_compared_with_each_of_ours(measure):
    table = measure.Table('t', 'MB', {'a': [1.0], 'b': [2.0], 'c': [4.0], 'd': [8.0]}, ('a', 'b'))
    pairs = {(ratio['of'], ratio['over']): ratio['median'] for ratio in table.ratios()}
    assert pairs == {('c', 'a'): 4.0, ('d', 'a'): 8.0, ('c', 'b'): 2.0, ('d', 'b'): 4.0}
    assert 'images_per_second' not in table.to_dict()['sides']['a']
    assert 'images/s' not in table.format()


def test_report_is_printed_and_written(measure, tmp_path, capsys):
    table = measure.Table('a step', 's', {'ours': [1.0], 'other': [2.0]}, ('ours',))
    measure.publish('name', measure.conditions(batch=8), [table], tmp_path / 'new' / 'report.json')
    text = capsys.readouterr().out
    assert 'batch 8' in text
    assert 'other / ours = 2 (2..2)' in text
    report = json.loads((tmp_path / 'new' / 'report.json').read_text())
    assert report['benchmark'] == 'name'
    assert report['conditions']['batch'] == 8
    assert report['conditions']['threads'] == torch.get_num_threads()
    assert report['conditions']['torch'] == torch.__version__
    assert report['tables'] == [table.to_dict()]


def test_options(measure):
    args = measure.parse_args(argparse.ArgumentParser(), ['--rounds', '3'], rounds=7)
    assert (args.rounds, args.json) == (3, None)
    assert measure.parse_args(argparse.ArgumentParser(), [], rounds=7).rounds == 7
    assert not hasattr(measure.parse_args(argparse.ArgumentParser(), []), 'rounds')


@pytest.mark.parametrize('value', ['0', '-1'])
def test_counts_below_one_are_refused(measure, value, capsys):
    with pytest.raises(SystemExit):
        measure.parse_args(argparse.ArgumentParser(), ['--rounds', value], rounds=7)
    assert f'{value} is not above 0' in capsys.readouterr().err
