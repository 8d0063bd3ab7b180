import pytest
from torchvision.datasets import fer2013


@pytest.fixture
def dataset_open(script, monkeypatch):
    """The benchmark with ``_open.py`` in this process, which saves the imports."""
    module, opening = script('dataset_open'), script('_open')
    monkeypatch.setattr(fer2013, 'check_integrity', None)  # a reader replaces it; the fixture restores it
    monkeypatch.setattr(module, 'open_once', opening.measure)
    return module


def test_all_layouts(dataset_open, tmp_path, check_report):
    path = tmp_path / 'report.json'
    dataset_open.main(['--images', '20', '--rounds', '2', '--json', str(path)])
    tables = {table['title']: table for table in check_report(path, rounds=2)['tables']}
    for layout in ('fer2013.csv', 'icml_face_data.csv', 'train.csv'):
        assert list(tables[f'{layout}: time']['sides']) == [
            'ours, first', 'ours, again', 'pandas and split', 'torchvision FER2013']
    assert list(tables['folders: time']['sides']) == ['ours, first', 'ours, again', 'torchvision ImageFolder']
    assert {title.rpartition(': ')[2] for title in tables} in (
        {'time'}, {'time', 'memory at its peak', 'memory kept'})


def test_some_layouts(dataset_open, tmp_path, check_report):
    path = tmp_path / 'report.json'
    dataset_open.main(['--images', '20', '--rounds', '1', '--layouts', 'folders', '--json', str(path)])
    assert {table['title'].partition(':')[0] for table in check_report(path, rounds=1)['tables']} == {'folders'}


@pytest.mark.parametrize('layout', ['fer2013.csv', 'folders'])
def test_only_the_first_reading_has_no_cache(dataset_open, layout, tmp_path, monkeypatch, script):
    root = tmp_path / 'fer2013'
    others = dataset_open.write_layout(root, layout, *script('_faces').draw_faces(10))
    written, found, opened = len(list(root.iterdir())), [], dataset_open.open_once

    def open_once(reader, path):
        found.append((reader, len(list(path.iterdir())) > written))
        return opened(reader, path)

    monkeypatch.setattr(dataset_open, 'open_once', open_once)
    costs = dataset_open.measure(root, others, rounds=2)
    assert found == 2 * [('ours', False), ('ours', True), *((reader, True) for reader in others.values())]
    assert [len(rounds) for rounds in costs.values()] == [2] * len(costs)


def test_a_new_process(script, tmp_path):
    script('_faces').write_csv(tmp_path / 'fer2013.csv', *script('_faces').draw_faces(5))
    assert script('dataset_open').open_once('pandas_split', tmp_path)['seconds'] > 0
