"""tools/compare.py from the command line, on files as tools/test.py writes them."""
import json

import cv2
import numpy as np
import pytest

from emonext_mm.datasets import FER2013, SyntheticFER
from emonext_mm.evaluation import PredictionFile
from tests.helpers.fer2013_files import make_faces, write_fer2013

CONDITIONS = dict(config='it', cfg_options={}, checkpoint='it.pth', epoch=1, weights='EMA', clean=None, views=1,
                  transform=None, merge=None)


def write_run(path, dataset, cfg, accuracy, seed, **conditions):
    """What a model of that accuracy would have left."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, (len(dataset), 7))
    right = rng.random(len(dataset)) < accuracy
    scores[np.arange(len(dataset)), dataset.labels] += np.where(right, 2, -2)
    scores = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    file = PredictionFile(path)
    file.process(None, [dict(sample_idx=i, gt_label=label, pred_score=score)
                        for i, (label, score) in enumerate(zip(dataset.labels, scores))])
    file.evaluate(len(dataset))
    file.write(dataset, {**CONDITIONS, 'dataset': cfg, 'split': dataset.split, 'samples': len(dataset), **conditions})
    return path


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Five runs on drawn faces, one of them a csv: two of 50 %, three of 80 %."""
    folder = tmp_path_factory.mktemp('runs')
    dataset = SyntheticFER(140, 'test')
    cfg = dict(type='SyntheticFER', num_samples=140, split='test')
    names = ('a0.json', 'a1.csv', 'b0.json', 'b1.json', 'b2.json')
    return [write_run(folder / name, dataset, cfg, 0.5 if name[0] == 'a' else 0.8, seed)
            for seed, name in enumerate(names)]


def test_two_runs(call_tool, files, tmp_path, capfd):
    out = tmp_path / 'new' / 'out'
    call_tool('compare.py', files[1], files[2], '--out', out)
    printed = capfd.readouterr().out
    assert f'A   {files[1]}\n    it, epoch 1, EMA weights, single view\nB   {files[2]}\n' in printed
    assert 'B is better than A by ' in printed
    assert '\nimages without a copy in training are not told apart: SyntheticFER does not say which' in printed
    assert printed.endswith(f'\n{out / "comparison.json"}\n{out / "differences.png"}\n')
    assert sorted(path.name for path in out.iterdir()) == ['comparison.json', 'differences.png']
    plain = json.loads((out / 'comparison.json').read_text())
    assert plain['comparisons'][0]['all']['p'] < 0.05
    assert [side['runs'][0]['file'] for side in plain['sides']] == [str(files[1]), str(files[2])]
    sheet = cv2.imread(str(out / 'differences.png'))
    assert sheet.min() < 20
    assert (sheet == 255).all(axis=2).any()


def test_several_seeds(call_tool, files, tmp_path, capfd):
    call_tool('compare.py', *files[:2], '--against', *files[2:], '--out', tmp_path)
    printed = capfd.readouterr().out
    assert '\nA, mean of 2 ' in printed
    assert '\nB, mean of 3 ' in printed
    assert ' the noise of seeds and samples together (2 and 3 runs, 140 samples, p ' in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ['comparison.json', 'differences.png']


def test_one_against_one_is_two_runs(call_tool, files, capfd):
    call_tool('compare.py', files[0], '--against', files[2])
    with_against = capfd.readouterr().out
    call_tool('compare.py', files[0], files[2])
    assert capfd.readouterr().out == with_against


def test_each_against_the_first(call_tool, files, tmp_path, capfd):
    call_tool('compare.py', *files[:3], '--out', tmp_path)
    assert 'C is better than A by ' in capfd.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'comparison.json', 'differences_B.png', 'differences_C.png']


def test_images_without_a_copy_in_training(call_tool, tmp_path, capfd):
    faces = make_faces(350)
    copied = faces.of('PublicTest')[:10]
    faces.images[copied] = faces.images[faces.of('Training')[:10]]
    write_fer2013(tmp_path, faces)
    cfg = dict(type='FER2013', data_root=str(tmp_path), split='val')
    dataset = FER2013(str(tmp_path), 'val')
    a, b = (write_run(tmp_path / f'{seed}.json', dataset, cfg, 0.6, seed, clean=90) for seed in range(2))
    call_tool('compare.py', a, b, '--out', tmp_path / 'out')
    printed = capfd.readouterr().out
    assert 'Tested 100 images of FER2013, val; 90 of them have no copy in training\n' in printed
    assert '\nno copy in training, 90 ' in printed
    assert 'not told apart' not in printed
    plain = json.loads((tmp_path / 'out' / 'comparison.json').read_text())
    assert (plain['clean'], plain['comparisons'][0]['clean']['samples']) == (90, 90)


def test_images_that_are_gone(call_tool, tmp_path, capfd):
    cfg = dict(type='FER2013', data_root=str(tmp_path / 'gone'), split='val')
    a, b = (write_run(tmp_path / f'{seed}.json', SyntheticFER(70, 'val'), cfg, 0.6, seed) for seed in range(2))
    call_tool('compare.py', a, b, '--out', tmp_path / 'out')
    printed = capfd.readouterr().out
    assert ('\nimages without a copy in training are not told apart, and none is drawn: No FER2013 data in '
            f'{tmp_path / "gone"}') in printed
    assert 'The difference B - A of ' in printed
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['comparison.json']


def test_image_files_that_are_gone(call_tool, files, tmp_path, capfd, monkeypatch):
    gone = str(tmp_path / 'gone.jpg')
    monkeypatch.setattr(SyntheticFER, 'get_data_info', lambda self, i: dict(sample_id=f'test_{i}', img_path=gone))
    call_tool('compare.py', files[0], files[2], '--out', tmp_path / 'out')
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.startswith(f'{tmp_path / "out" / "differences.png"} was not drawn: ')
    assert gone in last
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['comparison.json']


@pytest.mark.parametrize(('args', 'message'), [
    (['a0.json'], 'a0.json is compared with nothing: give two files or more'),
    (['a0.json', 'none.json'], 'none.json'),
    (['a0.json', 'a0.pkl'], 'a0.pkl: predictions are read from .json, .csv'),
    (['a0.json', 'metrics.json'], 'metrics.json holds metrics, not predictions: test with --out FILE.json and no'),
    (['a0.json', 'val.json'], 'a0.json and val.json are not of the same samples: val.json lacks 140 samples of the '
                              'other, such as test_0; a0.json lacks 140 samples of the other, such as val_0'),
    (['a0.json', '--against', 'b0.json', 'b1.json'], 'one run has no spread over seeds: give two or more'),
    (['a0.json', 'a0.json', '--against', 'b0.json', 'b1.json'], 'a0.json and a0.json hold the same predictions'),
])
def test_bad_input(error_of, files, args, message, tmp_path, monkeypatch):
    folder = files[0].parent
    monkeypatch.chdir(folder)
    write_run(folder / 'val.json', SyntheticFER(140, 'val'), {}, 0.5, 0)
    (folder / 'metrics.json').write_text('{"accuracy/top1": 61.2}')
    assert message in error_of('compare.py', *args, '--out', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_help(call_tool, capfd):
    with pytest.raises(SystemExit, match='0'):
        call_tool('compare.py', '--help')
    assert 'python tools/compare.py a0.json a1.json a2.json --against b0.json b1.json b2.json' in capfd.readouterr().out
