"""Measuring from Python: the figures of a tiny model against those of its test and against changed data."""
import json
import re

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from emonext_mm.apis.measure import measure
from emonext_mm.apis.test import test as run_test
from emonext_mm.datasets import SyntheticFER
from emonext_mm.evaluation.calibration import cross_fitted_error, expected_error, fit_temperature
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.evaluation.robustness import CONDITIONS, GOALS, UNCHANGED
from emonext_mm.utils.models import build_model
from tests.helpers.fer2013_files import make_faces, write_fer2013

VAL = {'test_dataloader.dataset.split': 'val'}


@pytest.fixture(scope='module', autouse=True)
def _on_the_cpu():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, 'is_available', lambda: False)
        yield


@pytest.fixture(scope='module')
def measured(config, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp('measured')
    return measure(config, trained / 'epoch_2.pth', out=folder / 'new' / 'it.json'), folder


def test_equal_to_the_test(measured, config, trained, tmp_path):
    found = measured[0].figures
    for key, tta in (('single_view', False), ('ten_crops', True)):
        tested = run_test(config, trained / 'epoch_2.pth', tmp_path, cfg_options=VAL, tta=tta, draw=False)
        assert found[key] == {
            'views': 10 if tta else 1, 'transform': 'TenCrop' if tta else None,
            'merge': 'AverageProbabilityTTA' if tta else None,
            'accuracy': tested.metrics['accuracy/top1'], 'ci95_low': tested.metrics['accuracy/ci95_low'],
            'ci95_high': tested.metrics['accuracy/ci95_high'], 'macro_f1': tested.metrics['single-label/f1-score'],
            'uar': tested.metrics['single-label/recall'], 'ece': tested.metrics['calibration/ece'],
            'leak_free': None}
        if not tta:
            assert found['conditions'] == tested.conditions
            assert found['robustness']['crop side'][UNCHANGED] == {
                'accuracy': tested.metrics['accuracy/top1'], 'loss': 0}
            assert found['confusion_matrix'] == tested.metrics['confusion_matrix/result'].tolist()
            for name, row in found['classes'].items():
                assert row['samples'] == 20
                assert all(row[score] == tested.metrics[f'{score}/{name}']
                           for score in ('precision', 'recall', 'f1-score'))
            assert found['calibration']['ece_before'] == pytest.approx(tested.metrics['calibration/ece'], abs=1e-4)


def test_conditions_of_the_test(measured, trained):
    conditions = measured[0].figures['conditions']
    assert [conditions[key] for key in ('config', 'weights', 'split', 'samples', 'cfg_options')] == [
        'tiny', 'EMA', 'val', 140, VAL]
    assert conditions['checkpoint'] == str(trained / 'epoch_2.pth')


def test_parameters(measured, config, trained):
    """The numbers in the checkpoint that are no buffers."""
    weights = torch.load(trained / 'epoch_2.pth', weights_only=False)['state_dict']
    buffers = dict(build_model(Config.fromfile(config)).named_buffers())
    assert measured[0].figures['parameters'] == sum(
        value.numel() for name, value in weights.items() if name not in buffers)


def test_calibration(measured, config, trained, tmp_path):
    """From the probabilities that a test writes."""
    run_test(config, trained / 'epoch_2.pth', tmp_path, cfg_options=VAL, out=tmp_path / 'it.json', draw=False)
    predictions = read_predictions(tmp_path / 'it.json')
    logits = np.log(predictions.probabilities.clip(1e-8))
    assert measured[0].figures['calibration'] == pytest.approx({
        'temperature': fit_temperature(logits, predictions.labels),
        'ece_before': 100 * expected_error(logits, predictions.labels),
        'ece_after': 100 * cross_fitted_error(logits, predictions.labels)}, abs=0.01)


def test_stored_temperature(measured, config, trained, tmp_path):
    """It changes the probabilities, and neither the answers nor the fitted temperature."""
    checkpoint = torch.load(trained / 'epoch_2.pth', weights_only=False)
    checkpoint['state_dict']['head.temperature'] = torch.tensor(3.0)
    torch.save(checkpoint, tmp_path / 'it.pth')
    before, after = measured[0].figures, measure(config, tmp_path / 'it.pth').figures
    assert after['single_view']['ece'] != pytest.approx(before['single_view']['ece'], abs=0.1)
    assert all(after[key] == before[key] for key in ('calibration', 'classes', 'robustness'))


def test_changed_faces(measured, config, trained, tmp_path, monkeypatch):
    """As if the data set had held the changed faces."""
    draw = SyntheticFER.load_data_list

    def draw_darker(self):
        numbers = draw(self)
        self._drawn = np.rint(self._drawn * 0.6).astype(np.uint8)
        return numbers

    monkeypatch.setattr(SyntheticFER, 'load_data_list', draw_darker)
    tested = run_test(config, trained / 'epoch_2.pth', tmp_path, cfg_options=VAL, draw=False)
    found = measured[0].figures
    assert found['robustness']['brightness']['brightness x 0.6'] == {
        'accuracy': tested.metrics['accuracy/top1'],
        'loss': pytest.approx(found['single_view']['accuracy'] - tested.metrics['accuracy/top1'])}


def test_robustness_in_order(measured):
    found = measured[0].figures['robustness']
    assert [(group, list(rows)) for group, rows in found.items()] == [
        (group, list(changes)) for group, changes in CONDITIONS.items()]
    assert len({row['accuracy'] for rows in found.values() for row in rows.values()}) > 5


def test_goals(measured):
    figures = measured[0].figures
    losses = {name: row['loss'] for rows in figures['robustness'].values() for name, row in rows.items()}
    for goal, row in figures['goals'].items():
        assert row['loss'] == max(losses[name] for name in GOALS[goal]) == losses[row['condition']]


def test_file_and_text(measured):
    result, folder = measured
    path = folder / 'new' / 'it.json'
    assert [found for found in folder.rglob('*') if found.is_file()] == [path]
    assert json.loads(path.read_text()) == result.figures
    for name in ('single_view', 'ten_crops'):
        assert f'{result.figures[name]["accuracy"]:.2f}' in result.text
    assert all(name in result.text for changes in CONDITIONS.values() for name in changes)


def test_split_twice(config, trained):
    with pytest.raises(ValueError, match=r'test_dataloader\.dataset\.split=test'):
        measure(config, trained, cfg_options={'test_dataloader.dataset.split': 'test'})


FER = """
_base_ = 'tiny.py'
test_pipeline = [dict(type='ToGrey'), dict(type='Resize', scale=64), dict(type='PackInputs')]
test_dataloader = dict(num_workers=1, persistent_workers=True, dataset=dict(
    _delete_=True, type='FER2013', data_root={root!r}, split='test', color_type='color', pipeline=test_pipeline))
test_evaluator = dict(_delete_=True, type='Accuracy')
"""


def test_fer2013_with_a_resize(config, trained, tmp_path):
    """A csv file with leaked images, in colour, with a pipeline that resizes and an evaluator of MMPretrain."""
    faces = make_faces(140)
    for split in ('PublicTest', 'PrivateTest'):
        faces.images[faces.of(split)[:3]] = faces.images[faces.of('Training')[:3]]
    write_fer2013(tmp_path, faces)
    (tmp_path / 'fer.py').write_text(FER.format(root=str(tmp_path)).replace("'tiny.py'", repr(str(config))))
    found = measure(tmp_path / 'fer.py', trained, split='test').figures
    assert [found['conditions'][key] for key in ('split', 'samples', 'leak_free')] == ['PrivateTest', 20, 17]
    assert found['single_view']['leak_free']['samples'] == found['ten_crops']['leak_free']['samples'] == 17
    # The resized faces pass through the pipeline: the accuracies of both ways are equal.
    assert found['robustness']['crop side'][UNCHANGED]['accuracy'] == found['single_view']['accuracy']
    labels = [faces.labels[row] for row in faces.of('PrivateTest')]
    assert [row['samples'] for row in found['classes'].values()] == np.bincount(labels, minlength=7).tolist()


def test_a_config_is_not_changed(config, trained):
    cfg = Config.fromfile(config)
    before = cfg.to_dict()
    with pytest.raises(ValueError, match='split'):
        measure(cfg, trained, split='dev')
    assert cfg.to_dict() == before


def test_wrong_suffix():
    with pytest.raises(ValueError, match=r'it\.csv.*\.json'):
        measure('no_such_config.py', 'no_such.pth', out='it.csv')


def test_missing_files(config, tmp_path):
    for files in ((config, tmp_path), ('no_such.py', tmp_path)):
        with pytest.raises(FileNotFoundError, match=re.escape(str(files[-1] if files[0] == config else files[0]))):
            measure(*files)


def test_data_set_of_files(config, trained, tmp_path):
    for name in ('angry', 'sad'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / '0.png'), np.zeros((48, 48), np.uint8))
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset = dict(type='CustomDataset', data_root=str(tmp_path),
                                       pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')])
    with pytest.raises(ValueError, match='CustomDataset'):
        measure(cfg, trained)


def test_without_labels(config, trained, tmp_path):
    faces = make_faces(14)
    rows = '\n'.join(' '.join(map(str, image.ravel())) for image in faces.images)
    (tmp_path / 'test.csv').write_text(f'pixels\n{rows}\n')
    cfg = Config.fromfile(config)
    cfg.test_dataloader.dataset = dict(type='FER2013', data_root=str(tmp_path),
                                       pipeline=cfg.test_dataloader.dataset.pipeline)
    with pytest.raises(ValueError, match=r'test\.csv.*labels'):
        measure(cfg, trained, split='test')
