"""Two experiments with one tiny model, and few changes."""
import json
import shutil

import numpy as np
import pytest
import torch

from emonext_mm.apis import alignment
from emonext_mm.apis.alignment import measure_alignment
from emonext_mm.apis.test import test as run_test
from emonext_mm.evaluation.robustness import CURVES
from emonext_mm.experiments.lists import read_list


@pytest.fixture
def listed(config, trained, tmp_path, monkeypatch):
    """A list of two runs, the checkpoints of two epochs."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(alignment, 'CURVES', {'scale': {1.0: CURVES['scale'][1.0], 1.25: np.zeros_like}})
    for run, epoch in (('early', 1), ('late', 2)):
        (tmp_path / 'work' / run / 'seed_0').mkdir(parents=True)
        shutil.copy(trained / f'epoch_{epoch}.pth', tmp_path / 'work' / run / 'seed_0' / 'best_it.pth')
    (tmp_path / 'list.yml').write_text(
        f"runs: {{early: {{config: '{config}'}}, late: {{config: '{config}', options: [log_level=WARNING]}}}}")
    return tmp_path / 'list.yml'


def test_accuracies(listed, config, trained, tmp_path):
    """The unchanged faces give the accuracy of the test; equal faces get one label, which a seventh of them has."""
    found = measure_alignment(listed, work_dir=tmp_path / 'work', out=tmp_path / 'out')
    for run, epoch in (('early', 1), ('late', 2)):
        tested = run_test(config, trained / f'epoch_{epoch}.pth', tmp_path / 'test', draw=False)
        assert found.curves[run]['scale']['1'] == [pytest.approx(tested.metrics['accuracy/top1'])]
        assert found.curves[run]['scale']['1.25'] == [pytest.approx(100 / 7)]
        assert f'{tested.metrics["accuracy/top1"]:.2f}' in found.text
    assert json.loads(found.files[0].read_text()) == found.curves
    assert found.files[1].read_bytes().startswith(b'\x89PNG')


@pytest.fixture
def stored(listed, tmp_path, monkeypatch):
    """A measured result in the file of an experiment, changed by the given settings; returns what is found with it."""
    file = tmp_path / 'work' / 'early' / 'seed_0' / 'alignment.json'

    class Faces:
        def __init__(self, *_):
            pass

        def predict(self, change):
            return None

        def accuracy(self, logits):
            return 50.0

    def find(text=None, options='', **changes):
        experiment, = read_list(listed, [0], tmp_path / 'work', only=['early'])
        content = dict(settings=experiment.cfg.pretty_text, checkpoint='best_it.pth',
                       curves={'scale': {'1': 12.5, '1.25': 6.25}})
        file.write_text(json.dumps({**content, **changes}) if text is None else text)
        monkeypatch.setattr(alignment, 'ChangedFaces', Faces)
        listed.write_text(options + listed.read_text())
        return measure_alignment(listed, only=['early'], work_dir=tmp_path / 'work').curves['early']['scale']

    return find


OLD, NEW = {'1': [12.5], '1.25': [6.25]}, {'1': [50.0], '1.25': [50.0]}


def test_finished_experiments_are_read(stored):
    assert stored() == OLD


def test_another_test_is_measured(stored, tmp_path):
    """Another split; and its result is read afterwards."""
    assert stored(options='options: [test_dataloader.dataset.split=val]\n') == NEW
    content = json.loads((tmp_path / 'work' / 'early' / 'seed_0' / 'alignment.json').read_text())
    assert content['checkpoint'] == 'best_it.pth'
    assert "split='val'" in content['settings']
    assert content['curves'] == {'scale': {'1': 50, '1.25': 50}}


@pytest.mark.parametrize('wrong', [
    dict(text='{"settings": "\x00'), dict(text='[]'), dict(text='{"scale": {"1": 12.5, "1.25": 6.25}}'),
    dict(checkpoint='best_other.pth'), dict(curves={'scale': {'1': 12.5}}),
    dict(curves={'scale': {'1': 1, '1.25': []}}),
])
def test_what_does_not_fit_is_measured(stored, wrong):
    assert stored(**wrong) == NEW


def test_without_a_checkpoint(listed, tmp_path, monkeypatch):
    """An error before the other experiments are measured."""
    monkeypatch.setattr(alignment, 'ChangedFaces', None)
    with pytest.raises(FileNotFoundError, match=r'early, seed 7.*seed_7'):
        measure_alignment(listed, seeds=[0, 7], work_dir=tmp_path / 'work')
