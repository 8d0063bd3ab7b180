import pytest
import torch
from mmengine.registry import init_default_scope

from emonext_mm.utils.errors import one_line_errors
from tests.helpers.scripts import ROOT

OURS = [str(ROOT / 'configs' / name) for name in ('emonext_tiny_fer2013.py', 'emonext_tiny_fer2013_view.py')]


@pytest.fixture
def data_path(script):
    init_default_scope('mmpretrain')
    return script('data_path')


@pytest.fixture
def faces(script):
    return script('_faces').draw_faces(8)


def test_all_sides(data_path, reference, tmp_path, check_report):
    path = tmp_path / 'report.json'
    data_path.main([*OURS, '--images', '9', '--batch', '4', '--rounds', '1', '--reference', str(reference),
                    '--json', str(path)])
    report = check_report(path, rounds=1)
    loaded, prepared = report['tables']
    ours = ['emonext_tiny_fer2013', 'emonext_tiny_fer2013_view']
    assert list(loaded['sides']) == [*ours, 'MMPretrain', 'authors']
    assert loaded['title'].startswith('8 faces')
    assert {ratio['over'] for ratio in loaded['ratios']} == set(ours)
    for side in loaded['sides'].values():
        assert side['images_per_second'] == pytest.approx(8 / side['median'])
    assert list(prepared['sides']) == ours
    assert prepared['sides'][ours[0]]['images_per_second'] == pytest.approx(4 / prepared['sides'][ours[0]]['median'])
    assert report['conditions']['threads'] == 1
    calls = (reference / 'calls.txt').read_text().splitlines()
    assert set(calls) == {'transform'}
    assert len(calls) % 8 == 0  # whole epochs


@pytest.mark.parametrize(('config', 'side'), list(zip(OURS, (224, 48))))
def test_our_loader_yields_each_face_once(data_path, script, faces, tmp_path, config, side):
    cfg = script('_training').load_config(config, {}, 'float32', 4)
    csv = script('_faces').write_csv(tmp_path / 'fer2013.csv', *faces)
    batches = list(data_path.our_loader(cfg.train_dataloader, csv))
    assert [batch['inputs'].shape for batch in batches] == [(4, 1, side, side)] * 2
    assert {batch['inputs'].dtype for batch in batches} == {torch.uint8}
    labels = [int(sample.gt_label) for batch in batches for sample in batch['data_samples']]
    assert sorted(labels) == sorted(faces[1].tolist())
    if side == 48:
        found = torch.cat([batch['inputs'][:, 0] for batch in batches]).flatten(1)
        expected = torch.from_numpy(faces[0]).flatten(1)
        assert sorted(found.tolist()) == sorted(expected.tolist())


def test_mmpretrain_reads_the_folders(data_path, script, faces, tmp_path):
    root = script('_faces').write_folders(tmp_path, *faces)
    batches = list(data_path.mmpretrain_loader(root / 'train', 4))
    assert [batch['inputs'].shape for batch in batches] == [(4, 3, 224, 224)] * 2
    assert {batch['inputs'].dtype for batch in batches} == {torch.uint8}


def test_the_preprocessor_makes_the_input_of_the_model(data_path, script, faces, tmp_path):
    cfg = script('_training').load_config(OURS[1], {}, 'float32', 4)
    csv = script('_faces').write_csv(tmp_path / 'fer2013.csv', *faces)
    batch = next(iter(data_path.our_loader(cfg.train_dataloader, csv)))
    prepared = data_path.preprocess(cfg.data_preprocessor, batch)()
    assert prepared['inputs'].shape == (4, 3, 224, 224)
    assert prepared['inputs'].dtype == torch.float32
    assert batch['inputs'].shape == (4, 1, 48, 48)  # the next call starts from the stored bytes


def test_fewer_images_than_a_batch_is_one_line(data_path):
    with pytest.raises(SystemExit, match=r'^error: --images 3 .*4$'), one_line_errors():
        data_path.main([*OURS, '--images', '3', '--batch', '4'])
