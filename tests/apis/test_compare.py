"""compare() on files as tools/test.py writes them."""
import json
import re

import cv2
import pytest

from emonext_mm.apis.compare import compare
from emonext_mm.datasets import FER2013, SyntheticFER
from tests.helpers.fer2013_files import make_faces, write_fer2013
from tests.helpers.made_runs import write_run


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Five runs on drawn faces, one of them in a csv file: two with an accuracy of 50 %, three of 80 %."""
    folder = tmp_path_factory.mktemp('runs')
    dataset = SyntheticFER(140, 'test')
    cfg = dict(type='SyntheticFER', num_samples=140, split='test')
    names = ('a0.json', 'a1.csv', 'b0.json', 'b1.json', 'b2.json')
    return [write_run(folder / name, dataset, cfg, 0.5 if name[0] == 'a' else 0.8, seed)
            for seed, name in enumerate(names)]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_two_runs(files, tmp_path):
    out = tmp_path / 'new' / 'out'
    comparison = compare([str(files[1]), files[2]], out=out)
    found, = comparison.report['comparisons']
    assert found['all']['p'] < 0.05
    assert [side['runs'][0]['file'] for side in comparison.report['sides']] == [str(files[1]), str(files[2])]
    assert 'B is better than A' in comparison.text
    assert all(str(path) in comparison.text for path in files[1:3])
    assert comparison.files == (out / 'comparison.json', out / 'differences.png')
    assert names_in(out) == ['comparison.json', 'differences.png']
    assert json.loads((out / 'comparison.json').read_text()) == comparison.report
    sheet = cv2.imread(str(out / 'differences.png'))
    assert sheet.min() < 20
    assert (sheet == 255).all(axis=2).any()


def test_nothing_is_written_by_default(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert compare(files[:2]).files == ()
    assert names_in(tmp_path) == []


def test_several_seeds(files):
    comparison = compare(files[:2], files[2:])
    assert [len(side['runs']) for side in comparison.report['sides']] == [2, 3]
    assert comparison.report['comparisons'][0]['runs'] == [2, 3]
    assert '2 and 3 runs, 140 samples' in comparison.text


def test_one_against_one_is_two_runs(files):
    assert compare(files[:1], files[2:3]) == compare([files[0], files[2]])


def test_each_against_the_first(files, tmp_path):
    comparison = compare(files[:3], out=tmp_path)
    assert [(each['a'], each['b']) for each in comparison.report['comparisons']] == [('A', 'B'), ('A', 'C')]
    assert names_in(tmp_path) == ['comparison.json', 'differences_B.png', 'differences_C.png']
    assert [path.name for path in comparison.files] == names_in(tmp_path)


def test_leak_free_images(tmp_path):
    faces = make_faces(350)
    duplicates = faces.of('PublicTest')[:10]
    faces.images[duplicates] = faces.images[faces.of('Training')[:10]]
    write_fer2013(tmp_path, faces)
    cfg = dict(type='FER2013', data_root=str(tmp_path), split='val')
    dataset = FER2013(str(tmp_path), 'val')
    a, b = (write_run(tmp_path / f'{seed}.json', dataset, cfg, 0.6, seed, leak_free=90) for seed in range(2))
    comparison = compare([a, b])
    assert comparison.report['leak_free'] == comparison.report['comparisons'][0]['leak_free']['samples'] == 90
    assert re.search(r'^leak-free, 90 ', comparison.text, re.MULTILINE)
    assert 'No results' not in comparison.text


def test_leak_free_images_that_the_test_could_not_tell(tmp_path):
    """The training had held out other images."""
    faces = make_faces(70)
    write_fer2013(tmp_path, faces._replace(splits=['Training'] * 70))
    cfg = dict(type='FER2013', data_root=str(tmp_path), split='val', hold_out=0.2)
    dataset = FER2013(**{key: value for key, value in cfg.items() if key != 'type'})
    told, other, untold = (write_run(tmp_path / f'{seed}.json', dataset, cfg, 0.6, seed, leak_free=known)
                           for seed, known in enumerate((14, 14, None)))
    assert compare([told, other]).report['leak_free'] == len(dataset)
    comparison = compare([told, untold])
    assert comparison.report['leak_free'] is None
    assert str(untold) in comparison.text.splitlines()[-1]


def test_data_set_without_leak_free_images(files):
    comparison = compare(files[:2])
    assert comparison.report['leak_free'] is None
    last = comparison.text.splitlines()[-1]
    assert all(word in last for word in ('leak-free', 'SyntheticFER'))


def test_missing_images(tmp_path):
    cfg = dict(type='FER2013', data_root=str(tmp_path / 'gone'), split='val')
    a, b = (write_run(tmp_path / f'{seed}.json', SyntheticFER(70, 'val'), cfg, 0.6, seed) for seed in range(2))
    comparison = compare([a, b], out=tmp_path / 'out')
    last = comparison.text.splitlines()[-1]
    assert all(word in last for word in ('leak-free', 'figures', str(tmp_path / 'gone')))
    assert comparison.files == (tmp_path / 'out' / 'comparison.json', )
    assert names_in(tmp_path / 'out') == ['comparison.json']


def test_missing_image_files(files, tmp_path, monkeypatch):
    gone = str(tmp_path / 'gone.jpg')
    monkeypatch.setattr(SyntheticFER, 'get_data_info', lambda self, i: dict(sample_id=f'test_{i}', img_path=gone))
    comparison = compare([files[0], files[2]], out=tmp_path / 'out')
    last = comparison.text.splitlines()[-1]
    assert all(word in last for word in (str(tmp_path / 'out' / 'differences.png'), gone))
    assert names_in(tmp_path / 'out') == ['comparison.json']


@pytest.mark.parametrize(('runs', 'against', 'facts'), [
    ([], [], ['two files']),
    (['a0.json'], [], ['two files', 'a0.json']),
    (['a0.json', 'a0.pkl'], [], ['a0.pkl', '.json, .csv']),
    (['a0.json', 'metrics.json'], [], ['metrics.json', 'metrics, not predictions']),
    (['a0.json', 'val.json'], [], ['val.json lacks 140 ', 'test_0', 'a0.json lacks 140 ', 'val_0']),
    (['a0.json'], ['b0.json', 'b1.json'], ['two or more runs', '--against']),
    (['a0.json', 'a0.json'], ['b0.json', 'b1.json'], ['a0.json and a0.json', 'same predictions']),
    (['a0.json', 'a1.csv'], ['b0.json', 'a0.json'], ['a0.json and a0.json', 'same predictions']),
])
def test_wrong_files(files, runs, against, facts, tmp_path, monkeypatch):
    folder = files[0].parent
    monkeypatch.chdir(folder)
    write_run(folder / 'val.json', SyntheticFER(140, 'val'), {}, 0.5, 0)
    (folder / 'metrics.json').write_text('{"accuracy/top1": 61.2}')
    with pytest.raises(ValueError, match='.*'.join(map(re.escape, facts))):
        compare(runs, against, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_missing_file(files):
    with pytest.raises(FileNotFoundError, match=r'none\.json'):
        compare([files[0], 'none.json'])
