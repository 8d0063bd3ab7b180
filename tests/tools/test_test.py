"""tools/test.py from the command line: the right weights, what it writes and prints, errors."""
import contextlib
import io
import json
import os
import re

import cv2
import mmengine
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader
from mmpretrain.datasets import build_dataset
from torchvision.transforms import TenCrop

from emonext_mm.emotions import CLASSES
from emonext_mm.utils.models import build_model
from tests.helpers.fer2013_files import make_faces, write_fer2013

VAL = ('--cfg-options', 'test_dataloader.dataset.split=val')


@pytest.fixture(scope='module')
def tested(config, call_tool, trained, tmp_path_factory):
    """The work dir of a test of the last epoch on the validation split, and what the test printed."""
    work_dir = tmp_path_factory.mktemp('tested')
    with contextlib.redirect_stdout(io.StringIO()) as output:
        call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', work_dir,
                  '--out', work_dir / 'pred.pkl', '--show-dir', work_dir / 'shown', '--interval', 20, *VAL)
    return work_dir, output.getvalue()


def metrics_of(work_dir):
    path, = work_dir.glob('2*/2*.json')
    return json.loads(path.read_text())


def predict(config, weights, tta=False):
    """Scores (140, 7) of the validation images by a model built here."""
    cfg = Config.fromfile(config)
    model = build_model(cfg).eval()
    model.load_state_dict(weights)
    dataset = build_dataset(cfg.val_dataloader.dataset)
    images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))])
    larger = [cv2.resize(image[0].numpy(), (52, 52)) for image in images]
    ten = torch.stack([torch.stack(TenCrop(48)(torch.from_numpy(image)[None])) for image in larger], 1)
    scores = []
    with torch.no_grad():
        for views in (ten if tta else [images]):
            inputs = torch.cat([model.data_preprocessor(dict(inputs=part))['inputs'] for part in views.split(70)])
            scores.append(model(inputs).softmax(1))
    return torch.stack(scores).mean(0)


def weights_of(checkpoint, key):
    state_dict = CheckpointLoader.load_checkpoint(str(checkpoint), 'cpu')[key]
    return {name.removeprefix('module.'): value for name, value in state_dict.items() if name != 'steps'}


def assert_average_was_tested(path, config, checkpoint, tta=False):
    scores = torch.stack([sample['pred_score'] for sample in mmengine.load(path)])
    average, raw = (predict(config, weights_of(checkpoint, key), tta) for key in ('state_dict', 'ema_state_dict'))
    torch.testing.assert_close(scores, average, rtol=0, atol=1e-6)
    assert (scores - raw).abs().max() > 1e-4


def test_measures_what_the_last_validation_measured(tested, trained, scalars):
    measured, logged = metrics_of(tested[0]), scalars(trained)[1][-1]
    assert logged['step'] == 2
    for key in ('accuracy/top1', 'single-label/precision', 'single-label/recall', 'single-label/f1-score'):
        assert measured[key] == logged[key]


def test_ema_weights_are_tested(tested, config, trained):
    assert_average_was_tested(tested[0] / 'pred.pkl', config, trained / 'epoch_2.pth')


def test_ema_weights_are_tested_under_tta(config, call_tool, trained, tmp_path):
    out = tmp_path / 'tta.pkl'
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, '--tta', '--out', out, *VAL)
    assert_average_was_tested(out, config, trained / 'epoch_2.pth', tta=True)
    assert all(np.isfinite(value).all() for value in metrics_of(tmp_path).values())


def test_prints_a_summary_with_two_pictures(tested, trained, config):
    work_dir, stdout = tested
    metrics = metrics_of(work_dir)
    assert stdout.splitlines()[-9:] == [
        'Tested 140 images of SyntheticFER, val',
        f'conditions       {config.stem}, epoch 2, EMA weights, single view',
        f'accuracy         {metrics["accuracy/top1"]:.2f} % '
        f'(95 % interval {metrics["accuracy/ci95_low"]:.2f} to {metrics["accuracy/ci95_high"]:.2f})',
        f'macro-F1         {metrics["single-label/f1-score"]:.2f} %',
        f'UAR              {metrics["single-label/recall"]:.2f} %',
        f'ECE              {metrics["calibration/ece"]:.2f} %',
        f'checkpoint       {trained / "epoch_2.pth"}',
        f'confusion matrix {work_dir / "confusion_matrix.png"}',
        f'STN, in and out  {work_dir / "stn_faces.png"}',
    ]
    for name in ('confusion_matrix', 'stn_faces'):
        height, width, _ = cv2.imread(str(work_dir / f'{name}.png')).shape
        assert 300 < height < 2000
        assert 300 < width < 2000


def test_shows_grey_images_grey(tested):
    shown = sorted((tested[0] / 'shown').iterdir())
    assert len(shown) == 7
    for path in shown:
        picture = cv2.imread(str(path))
        assert picture.std() > 10
        assert (np.ptp(picture, axis=-1) == 0).mean() > 0.5  # the rest is text


def test_metrics_as_json_and_amp(call_tool, config, trained, tmp_path, capfd):
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, '--amp', '--no-pin-memory',
              '--out', tmp_path / 'metrics.json', '--out-item', 'metrics')
    assert 'logits in torch.bfloat16' in capfd.readouterr().out
    metrics = json.loads((tmp_path / 'metrics.json').read_text())
    matrix = np.array(metrics['confusion_matrix/result'])
    assert matrix.sum(1).tolist() == [20] * 7
    assert matrix.trace() / 140 * 100 == pytest.approx(metrics['accuracy/top1'])


@pytest.mark.slow
def test_two_processes_measure_what_one_does(config, run_tool, trained, tested, tmp_path):
    out = tmp_path / 'metrics.json'
    run = run_tool('dist_test.sh', config, trained / 'epoch_2.pth', 2, '--work-dir', tmp_path,
                   '--out', out, '--out-item', 'metrics', *VAL)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count('Tested 140 images') == 1
    alone, together = metrics_of(tested[0]), json.loads(out.read_text())
    for key in ('accuracy/top1', 'single-label/f1-score', 'confusion_matrix/result'):
        assert alone[key] == together[key]


@pytest.mark.slow
def test_two_processes_count_each_image_once(config, run_tool, call_tool, trained, tmp_path):
    """Also where the last batch of one process is longer: 45 images are 23 and 22."""
    uneven = [*VAL, 'test_dataloader.dataset.num_samples=45', 'test_dataloader.batch_size=8']
    files = [tmp_path / 'alone.json', tmp_path / 'together.json']
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, '--out', files[0], *uneven)
    run = run_tool('dist_test.sh', config, trained / 'epoch_2.pth', 2, '--work-dir', tmp_path, '--out', files[1],
                   *uneven)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count('Tested 45 images') == 1
    alone, together = (json.loads(file.read_text())['predictions'] for file in files)
    assert [row['sample_id'] for row in together] == [row['sample_id'] for row in alone]
    assert len({row['sample_id'] for row in together}) == len(together) == 45
    scores = [[list(row['probabilities'].values()) for row in rows] for rows in (alone, together)]
    np.testing.assert_allclose(scores[0], scores[1], atol=2e-2)  # bfloat16, in other batches


def test_out_item_without_out(config, error_of):
    assert error_of('test.py', config, 'any.pth', '--out-item', 'metrics') == 'error: --out-item needs --out FILE'


def test_no_such_config(error_of):
    assert 'no_such.py' in error_of('test.py', 'no_such.py', 'any.pth')


def test_no_such_checkpoint(config, error_of, tmp_path):
    assert 'no_such.pth' in error_of('test.py', config, 'no_such.pth', '--work-dir', tmp_path)


def test_truncated_checkpoint(config, error_of, trained, tmp_path):
    data = (trained / 'epoch_2.pth').read_bytes()
    (tmp_path / 'half.pth').write_bytes(data[:len(data) // 2])
    assert str(tmp_path / 'half.pth') in error_of('test.py', config, tmp_path / 'half.pth', '--work-dir', tmp_path)


@pytest.mark.parametrize(('options', 'told'), [
    (['model.head.num_classes=8'], r'2 of another shape \(head\.fc\.weight, head\.fc\.bias\).* \(8, 16\)'),
    (['model.backbone.se_after=[]'], r'16 unexpected \(backbone\.se_after\.0\.\S+, \S+, \S+ and 13 more\)$'),
    (['model.backbone.arch.depths=[1,1,1,2]'], r'missing \(backbone\.stages\.3\.1\.\S+, .* more\)$'),
    (['data_preprocessor.localization_size=None'], r'unexpected \(data_preprocessor\.localization'),
])
@pytest.mark.parametrize('tta', [[], ['--tta']], ids=['single view', 'ten-crop'])
def test_checkpoint_of_another_model(config, error_of, trained, tmp_path, options, told, tta):
    message = error_of('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, *tta, '--cfg-options',
                       *options)
    assert str(trained / 'epoch_2.pth') in message
    assert re.search(told, message)


class Touch:
    """Creates a file when it is unpickled without restriction."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}', )


def test_malicious_checkpoint(config, error_of, tmp_path):
    torch.save(dict(state_dict={}, extra=Touch(tmp_path / 'touched')), tmp_path / 'evil.pth')
    message = error_of('test.py', config, tmp_path / 'evil.pth', '--work-dir', tmp_path)
    assert re.search(r'evil\.pth .*\bsystem\b', message)
    assert not (tmp_path / 'touched').exists()


FER2013 = """
_base_ = {config!r}
test_dataloader = dict(dataset=dict(_delete_=True, type='FER2013', data_root={root!r}, split='val',
                                    pipeline=[dict(type='PackInputs')]))
"""


@pytest.mark.parametrize('options', [[], ['--tta']], ids=['single view', 'ten-crop'])
def test_leak_free_images_are_measured_beside_all(config, call_tool, trained, tmp_path, capfd, options):
    """Two of the six validation images have a duplicate in training."""
    faces = make_faces()
    train, val = faces.of('Training'), faces.of('PublicTest')
    faces.images[train[:2]] = faces.images[val[2:4]]
    write_fer2013(tmp_path, faces)
    path = tmp_path / 'faces.py'
    path.write_text(FER2013.format(config=str(config), root=str(tmp_path)))
    for name, item in (('metrics', ['--out-item', 'metrics']), ('predictions', [])):
        call_tool('test.py', path, trained / 'epoch_2.pth', '--work-dir', tmp_path / 'run', *options,
                  '--out', tmp_path / f'{name}.json', *item)
    metrics, predictions = (json.loads((tmp_path / f'{name}.json').read_text()) for name in ('metrics', 'predictions'))
    hits = [row['true'] == row['predicted'] for row in predictions['predictions']]
    leak_free = hits[:2] + hits[4:]
    assert metrics['leak_free/samples'] == len(leak_free) == 4
    assert metrics['leak_free/accuracy'] == pytest.approx(100 * sum(leak_free) / 4)
    assert metrics['conditions'] == predictions['conditions']
    conditions = metrics['conditions']
    assert conditions['dataset'] == dict(type='FER2013', data_root=str(tmp_path), split='val')
    assert [conditions[key] for key in ('split', 'samples', 'leak_free')] == ['PublicTest', 6, 4]
    printed = capfd.readouterr().out
    assert re.search('6 images of FER2013, PublicTest; 4 .*leak-free', printed)
    assert re.search(rf'\nleak-free +{metrics["leak_free/accuracy"]:.2f} % ', printed)


def test_options_reach_the_model_under_tta(call_tool, config, trained, tmp_path, capfd):
    """Not the wrapper, of which the host would ask a backbone without a config."""
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, '--tta', '--cfg-options',
              'model.backbone.drop_path_rate=0.1', 'tta_model.type=AverageLogitTTA')
    assert '10 views (TenCrop, AverageLogitTTA)' in capfd.readouterr().out


def conditions_of(config, checkpoint, **kwargs):
    return {'config': config.stem, 'cfg_options': {}, 'checkpoint': str(checkpoint), 'epoch': 2, 'iteration': 20,
            'weights': 'EMA', 'dataset': {'type': 'SyntheticFER', 'num_samples': 140, 'split': 'test'}, 'split': 'test',
            'samples': 140, 'leak_free': None, 'views': 1, 'transform': None, 'merge': None,
            'precision': 'float32', **kwargs}


def test_predictions(config, call_tool, trained, tmp_path, capfd):
    out = tmp_path / 'out.json'
    call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, '--out', out)
    content = json.loads(out.read_text())
    assert content['conditions'] == conditions_of(config, trained / 'epoch_2.pth')
    assert [row['sample_id'] for row in content['predictions']] == [f'test_{i}' for i in range(140)]
    assert [row['true'] for row in content['predictions']] == [CLASSES[i % 7] for i in range(140)]
    hits = sum(row['true'] == row['predicted'] for row in content['predictions'])
    assert re.search(rf'\naccuracy +{hits / 140 * 100:.2f} % ', capfd.readouterr().out)


def test_predictions_of_ten_crops(config, call_tool, trained, tmp_path):
    """As JSON, and as MMEngine's pickle, with the same scores."""
    key = 'test_dataloader.dataset.num_samples'
    for name in ('out.json', 'out.pkl'):
        call_tool('test.py', config, trained / 'epoch_2.pth', '--work-dir', tmp_path, '--tta', '--out', tmp_path / name,
                  '--cfg-options', f'{key}=20')
    content = json.loads((tmp_path / 'out.json').read_text())
    assert content['conditions'] == conditions_of(
        config, trained / 'epoch_2.pth', views=10, transform='TenCrop', merge='AverageProbabilityTTA', samples=20,
        dataset={'type': 'SyntheticFER', 'num_samples': 20, 'split': 'test'}, cfg_options={key: 20})
    scores = np.array([[*row['probabilities'].values()] for row in content['predictions']])
    dumped = mmengine.load(tmp_path / 'out.pkl')
    np.testing.assert_allclose(scores, torch.stack([sample['pred_score'] for sample in dumped]), rtol=0, atol=1e-7)
    assert [sample['pred_label'].item() for sample in dumped] == scores.argmax(1).tolist()


@pytest.mark.parametrize(('args', 'suffixes'), [
    ([], '.json, .csv, .pkl or .pickle'), (['--out-item', 'metrics'], '.json, .yaml, .yml, .pkl, .pickle')])
def test_unknown_suffix_of_out(config, error_of, trained, args, suffixes):
    message = error_of('test.py', config, trained / 'epoch_2.pth', '--out', 'out.txt', *args)
    assert 'out.txt' in message
    assert suffixes in message


def test_help(call_tool, capfd):
    """Our option and those of MMPretrain's parser."""
    with pytest.raises(SystemExit, match='0'):
        call_tool('test.py', '--help')
    printed = capfd.readouterr().out
    assert '--pretrained' in printed
    assert '--out-item' in printed.partition('usage:')[2]


@pytest.mark.parametrize('order', [['{config}', '--pretrained'], ['--pretrained', '{config}'],
                                   ['--work-dir', '{work_dir}/w.py', '{config}', '--pretrained'],
                                   ['{config}', '--pretrained', '--cfg-options', 'test_dataloader.dataset.split=val']])
def test_pretrained(call_tool, config, trained, tmp_path, monkeypatch, capfd, order):
    """In place of the checkpoint, anywhere among the options."""
    found = []
    monkeypatch.setattr('emonext_mm.apis.hub.find_weights', lambda path: found.append(path) or trained / 'epoch_2.pth')
    arguments = [argument.format(config=config, work_dir=tmp_path) for argument in order]
    call_tool('test.py', *arguments, *([] if '--work-dir' in order else ['--work-dir', tmp_path / 'out']))
    assert found == [str(config)]
    assert 'epoch 2' in capfd.readouterr().out


def test_config_without_a_packaged_model(error_of, config):
    assert 'tiny.py' in error_of('test.py', config, '--pretrained')
