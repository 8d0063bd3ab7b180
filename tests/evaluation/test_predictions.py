"""The file of predictions, from the function up to the command line."""
import csv
import json
import runpy
import sys
from types import SimpleNamespace

import mmengine
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

from emonext_mm import host
from emonext_mm.datasets import SyntheticFER
from emonext_mm.datasets.face_table import CLASSES
from emonext_mm.evaluation.predictions import PredictionFile, sample_id, write_atomic

CONDITIONS = {'config': 'it', 'epoch': 3}
SCORES = torch.tensor([[0.5, 0.25, 0.125, 0.125, 0, 0, 0], [0, 0, 0, 0, 0.25, 0, 0.75], [0, 0, 0, 1, 0, 0, 0]])


def gather(path, samples, size=None):
    file = PredictionFile(path)
    file.process(None, [sample.to_dict() for sample in samples])
    assert file.evaluate(size or len(samples)) == {}
    return file


def samples_of(scores, labels=(0, 1, 2), places=(0, 1, 2)):
    samples = []
    for score, label, place in zip(scores, labels, places):
        sample = DataSample(metainfo={} if place is None else dict(sample_idx=place)).set_pred_score(score)
        samples.append(sample if label is None else sample.set_gt_label(label))
    return samples


def test_smoke(tmp_path):
    path = tmp_path / 'new' / 'out.json'
    gather(path, samples_of(SCORES)).write(SyntheticFER(3, 'val'), CONDITIONS)
    content = json.loads(path.read_text())
    assert content['conditions'] == CONDITIONS
    assert content['classes'] == list(CLASSES)
    assert content['predictions'][1] == {
        'sample_id': 'val_1', 'true': 'disgust', 'predicted': 'neutral',
        'probabilities': dict(zip(CLASSES, [0, 0, 0, 0, 0.25, 0, 0.75]))}
    assert [row['predicted'] for row in content['predictions']] == ['angry', 'neutral', 'happy']
    assert [path.name for path in path.parent.iterdir()] == ['out.json']


def test_csv(tmp_path):
    path = tmp_path / 'out.csv'
    gather(path, samples_of(SCORES, (0, None, 2))).write(SyntheticFER(3, 'val'), CONDITIONS)
    first, *rest = path.read_text().splitlines()
    assert json.loads(first.removeprefix('# ')) == CONDITIONS
    rows = list(csv.DictReader(rest))
    assert list(rows[0]) == ['sample_id', 'true', 'predicted', *CLASSES]
    assert [(row['sample_id'], row['true'], row['predicted']) for row in rows] == [
        ('val_0', 'angry', 'angry'), ('val_1', '', 'neutral'), ('val_2', 'fear', 'happy')]
    assert [[float(row[name]) for name in CLASSES] for row in rows] == SCORES.tolist()


@pytest.mark.parametrize('name', ['out.txt', 'out'])
def test_no_such_format(name):
    with pytest.raises(ValueError, match=rf'{name}: predictions are written to .json, .csv, .pkl or .pickle'):
        PredictionFile(name)


@pytest.mark.parametrize('places', [(None, None, None), (0, 1, 1), (0, 1, 3)])
def test_samples_that_do_not_know_their_place(places, tmp_path):
    file = gather(tmp_path / 'out.json', samples_of(SCORES, places=places))
    with pytest.raises(ValueError, match='samples do not carry their place in the data set: PackInputs must keep'):
        file.write(SyntheticFER(3), CONDITIONS)
    assert not list(tmp_path.iterdir())


def test_unlabelled_and_shuffled(tmp_path):
    file = gather(tmp_path / 'out.json', samples_of(SCORES, (None, ) * 3, places=(2, 0, 1)))
    file.write(SyntheticFER(3, 'test'), CONDITIONS)
    rows = json.loads((tmp_path / 'out.json').read_text())['predictions']
    assert [(row['sample_id'], row['true']) for row in rows] == [('test_2', None), ('test_0', None), ('test_1', None)]


def test_padding_is_dropped(tmp_path):
    gather(tmp_path / 'out.json', samples_of(SCORES, places=(0, 1, 0)), size=2).write(SyntheticFER(2), CONDITIONS)
    assert len(json.loads((tmp_path / 'out.json').read_text())['predictions']) == 2


@pytest.mark.parametrize(('info', 'expected'), [(dict(sample_id='a', img_path='b'), 'a'), (dict(img_path='b'), 'b'),
                                                ({}, '4')])
def test_sample_id(info, expected):
    assert sample_id(SimpleNamespace(get_data_info=lambda place: info), 4) == expected


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'out.json'
    write_atomic(path, 'old')
    with pytest.raises(UnicodeEncodeError):
        write_atomic(path, '\ud800')
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [('out.json', 'old')]


def test_a_killed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'out.json'
    write_atomic(path, 'old')
    monkeypatch.setattr('os.replace', lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_atomic(path, 'new')
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [('out.json', 'old')]


# ------------------------------------------------------------------------------------- the command line


@pytest.fixture(scope='module')
def trained(request, tmp_path_factory):
    """The config of the synthetic faces, cut to a step, and the checkpoint that it gave."""
    folder = tmp_path_factory.mktemp('trained')
    cfg = Config.fromfile(request.config.rootpath / 'configs/emonext_atto_synthetic.py')
    for split, count in (('train', 8), ('val', 8), ('test', 20)):
        cfg[f'{split}_dataloader'].update(batch_size=8)
        cfg[f'{split}_dataloader'].dataset.num_samples = count
    cfg.model.backbone.arch = dict(depths=[1] * 4, channels=[16] * 4)
    cfg.model.head.in_channels = 16
    cfg.train_cfg.max_epochs = 1
    cfg.work_dir = str(folder / 'work_dir')  # the runner leaves a config of the same name there
    path = folder / 'tiny.py'
    cfg.dump(path)
    Runner.from_cfg(host.prepare_train(Config.fromfile(path))).train()
    return path, folder / 'work_dir' / 'epoch_1.pth'


@pytest.fixture
def run_test(trained, request, monkeypatch, capsys):
    """``tools/test.py`` in this process; gives what it printed, or its one line of error."""
    tools = request.config.rootpath / 'tools'

    def run(*args):
        monkeypatch.syspath_prepend(str(tools))
        monkeypatch.setattr(sys, 'argv', ['test.py', *map(str, trained), *map(str, args)])
        try:
            runpy.run_path(str(tools / 'test.py'), run_name='__main__')
        except SystemExit as stop:
            return stop.code
        return capsys.readouterr().out

    return run


def expected_conditions(trained, **kwargs):
    return {'config': 'tiny', 'cfg_options': {}, 'checkpoint': str(trained[1]), 'epoch': 1, 'weights': 'EMA',
            'dataset': {'type': 'SyntheticFER', 'num_samples': 20, 'split': 'test'},
            'split': 'test', 'samples': 20, 'clean': None, 'views': 1, 'transform': None, 'merge': None, **kwargs}


def test_predictions_of_a_test(trained, run_test, tmp_path):
    out = tmp_path / 'out.json'
    printed = run_test('--out', out)
    content = json.loads(out.read_text())
    assert content['conditions'] == expected_conditions(trained)
    assert [row['sample_id'] for row in content['predictions']] == [f'test_{i}' for i in range(20)]
    assert [row['true'] for row in content['predictions']] == [CLASSES[i % 7] for i in range(20)]
    hits = sum(row['true'] == row['predicted'] for row in content['predictions'])
    assert f'accuracy         {hits / 20 * 100:.2f} % (95 % interval ' in printed
    assert 'conditions       tiny, epoch 1, EMA weights, single view\n' in printed
    assert all(f'\n{name:<17}' in printed for name in ('macro-F1', 'UAR', 'ECE'))


def test_ten_crop_of_a_test(trained, run_test, tmp_path):
    """As JSON, and as the host's pickle, which is left as it is."""
    printed = run_test('--tta', '--out', tmp_path / 'out.json')
    assert 'conditions       tiny, epoch 1, EMA weights, 10 views (TenCrop, AverageProbabilityTTA)\n' in printed
    content = json.loads((tmp_path / 'out.json').read_text())
    assert content['conditions'] == expected_conditions(
        trained, views=10, transform='TenCrop', merge='AverageProbabilityTTA')
    run_test('--tta', '--out', tmp_path / 'out.pkl')
    scores = np.array([[*row['probabilities'].values()] for row in content['predictions']])
    dumped = mmengine.load(tmp_path / 'out.pkl')
    np.testing.assert_allclose(scores, torch.stack([sample['pred_score'] for sample in dumped]), rtol=0, atol=1e-7)
    assert [sample['pred_label'].item() for sample in dumped] == scores.argmax(1).tolist()


def test_metrics_of_a_test(trained, run_test, tmp_path):
    run_test('--out', tmp_path / 'out.json', '--out-item', 'metrics', '--tta', '--cfg-options',
             'model.type=AverageLogitTTA', 'test_dataloader.dataset.split=val')
    metrics = json.loads((tmp_path / 'out.json').read_text())
    assert metrics.pop('conditions') == expected_conditions(
        trained, views=10, transform='TenCrop', merge='AverageLogitTTA', split='val',
        dataset={'type': 'SyntheticFER', 'num_samples': 20, 'split': 'val'},
        cfg_options={'model.type': 'AverageLogitTTA', 'test_dataloader.dataset.split': 'val'})
    assert np.sum(metrics['confusion_matrix/result']) == 20
    assert {'accuracy/top1', 'accuracy/ci95_low', 'calibration/ece', 'recall/happy'} <= set(metrics)


@pytest.mark.parametrize(('args', 'message'), [
    ([], 'predictions are written to .json, .csv, .pkl or .pickle'),
    (['--out-item', 'metrics'], 'metrics are written to .json, .yaml, .yml, .pkl, .pickle'),
])
def test_no_such_format_of_a_test(run_test, args, message):
    assert run_test('--out', 'out.txt', *args) == f'error: out.txt: {message}'
