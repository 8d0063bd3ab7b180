import logging
import os
import pickle

import numpy as np
import pytest
from mmengine.dataset import ClassBalancedDataset, ConcatDataset
from mmengine.logging import MMLogger
from mmpretrain.registry import DATASETS
from torch.utils.data import DataLoader

from emonext_mm.datasets.fer2013 import FER2013
from emonext_mm.datasets.readers import cache as table_cache
from emonext_mm.datasets.readers.face_table import FaceTable
from emonext_mm.datasets.splits import OFFICIAL_COUNTS, OFFICIAL_NAMES, SPLITS
from tests.helpers.fer2013_files import (
    NAMES,
    csv_rows,
    make_faces,
    write_fer2013,
    write_folders,
    write_icml,
    write_image,
    write_lines,
    write_votes,
)


@pytest.fixture
def faces():
    return make_faces()


@pytest.fixture
def root(tmp_path, faces):
    """A folder with fer2013.csv."""
    return write_fer2013(tmp_path / 'data', faces).parent


@pytest.fixture
def log():
    """Records of MMEngine's logger, as (level, text)."""
    records = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append((record.levelname, record.getMessage()))
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def warnings_in(log):
    return [text for level, text in log if level == 'WARNING']


# smoke

@pytest.mark.parametrize('split', SPLITS)
def test_samples_of_each_split(root, faces, split):
    dataset = DATASETS.build({'type': 'FER2013', 'data_root': str(root), 'split': split})
    rows = faces.of(OFFICIAL_NAMES[split])
    assert len(dataset) == len(rows) > 0
    assert dataset.official_split == OFFICIAL_NAMES[split]
    for index, row in enumerate(rows):
        sample = dataset[index]
        assert sorted(sample) == ['gt_label', 'img', 'img_shape', 'ori_shape', 'sample_id', 'sample_idx']
        np.testing.assert_array_equal(sample['img'], faces.images[row])
        assert sample['img'].dtype == np.uint8
        assert sample['img_shape'] == sample['ori_shape'] == (48, 48)
        assert sample['gt_label'] == faces.labels[row]
        assert type(sample['gt_label']) is int
        assert sample['sample_idx'] == index
        assert sample['sample_id'] == f'{OFFICIAL_NAMES[split]}_{row}'


def test_classes_are_in_the_index_order_of_fer2013(root):
    dataset = FER2013(str(root))
    assert dataset.metainfo['classes'] == NAMES
    assert FER2013(str(root), metainfo={'source': 'x'}).metainfo == {'classes': NAMES, 'source': 'x'}


def test_repr_names_source_split_and_labels(root, faces):
    text = repr(FER2013(str(root), split='val'))
    assert f'{root}/fer2013.csv' in text
    assert 'val (PublicTest)' in text
    write_votes(root, faces.splits, [{'NF': 1}] * 21)
    assert 'FER+ soft' in repr(FER2013(str(root), ferplus='soft'))
    assert "Haven't been initialized" in repr(FER2013(str(root), lazy_init=True))


# exceptions

@pytest.mark.parametrize(('argument', 'message'), [
    ({'split': 'valid'}, "split is 'valid', expected one of 'train', 'val', 'test'"),
    ({'ferplus': 'hard'}, "ferplus is 'hard', expected one of None, 'majority', 'soft'"),
    ({'color_type': 'rgb'}, "color_type is 'rgb', expected one of 'grayscale', 'color'"),
    *(({'face_size': size}, f'face_size is {size!r}, expected None or 8 to 1024') for size in (0, 7, 1025, '48', 1e9)),
    *(({'hold_out': share}, f'hold_out is {share!r}, expected a share') for share in (-0.1, 1, float('nan'), '0.1')),
])
def test_bad_argument(root, argument, message):
    with pytest.raises(ValueError, match=message):
        FER2013(str(root), **argument)


def test_unknown_argument_is_not_swallowed(root):
    with pytest.raises(TypeError, match='splitt'):
        FER2013(str(root), splitt='val')


def test_missing_data(tmp_path):
    with pytest.raises(FileNotFoundError, match=f'No FER2013 data in {tmp_path}'):
        FER2013(str(tmp_path))


def test_csv_without_rows_of_the_split(tmp_path, faces):
    rows = [row for row in csv_rows(faces) if row[2] == 'Training']
    path = write_lines(tmp_path / 'fer2013.csv', 'emotion,pixels,Usage', rows)
    message = f"^{path}: nothing for split 'test': no rows of PrivateTest; found Training$"
    with pytest.raises(ValueError, match=message):
        FER2013(str(tmp_path), split='test')


def test_test_folder_never_stands_in_for_val(tmp_path, faces):
    for split in ('train', 'test'):
        write_image(tmp_path / split / 'happy' / '1.png', faces.images[0])
    assert len(FER2013(str(tmp_path), split='test')) == 1
    message = f"^{tmp_path}: nothing for split 'val': .*a test split is never used for validation"
    with pytest.raises(ValueError, match=message):
        FER2013(str(tmp_path), split='val')


def test_index_out_of_range(root):
    dataset = FER2013(str(root), split='val')
    with pytest.raises(IndexError):
        dataset[len(dataset)]
    assert len(list(dataset)) == len(dataset)


# layouts

@pytest.mark.parametrize('split', SPLITS)
def test_layouts_agree(tmp_path, faces, split):
    csv = FER2013(str(write_fer2013(tmp_path / 'csv', faces)), split=split)
    icml = FER2013(str(write_icml(tmp_path / 'icml', faces).parent), split=split)
    folder = FER2013(str(write_folders(tmp_path / 'folder', faces)), split=split)
    for other in (icml, folder):
        np.testing.assert_array_equal(other.images, csv.images)
        np.testing.assert_array_equal(other.labels, csv.labels)
        assert [sample['sample_id'] for sample in other] == [sample['sample_id'] for sample in csv]
    sample = folder[1]
    assert sample['img_path'].startswith(str(tmp_path / 'folder'))
    assert sample['img_path'].endswith(f'/{sample["sample_id"]}.png')
    assert 'img_path' not in csv[1]


def test_competition_files(tmp_path, faces, log):
    rows = csv_rows(faces)
    write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in rows])
    write_lines(tmp_path / 'test.csv', 'pixels', [row[1:2] for row in rows[:4]])
    assert FER2013(str(tmp_path)).labels.tolist() == faces.labels
    with pytest.raises(ValueError, match=r"train\.csv: nothing for split 'val': no rows of PublicTest"):
        FER2013(str(tmp_path), split='val')
    log.clear()
    test = FER2013(str(tmp_path), split='test')
    assert warnings_in(log) == []
    assert test.labels.tolist() == [-1] * 4
    assert 'gt_label' not in test[0]
    assert [sample['sample_id'] for sample in test] == ['Test_0', 'Test_1', 'Test_2', 'Test_3']
    assert test.official_split == 'Test'
    for call in (test.get_gt_labels, lambda: test.get_cat_ids(0)):
        with pytest.raises(ValueError, match=r"test\.csv: the faces of split 'test' have no labels"):
            call()


def test_train_csv_with_usage_serves_all_splits(tmp_path, faces):
    write_lines(tmp_path / 'train.csv', 'emotion,pixels,Usage', csv_rows(faces))
    for split, name in OFFICIAL_NAMES.items():
        assert len(FER2013(str(tmp_path), split=split)) == len(faces.of(name))


def test_counts_that_differ_give_one_warning_with_both(root, log):
    FER2013(str(root), split='val')
    (text,) = warnings_in(log)
    assert f'{root}/fer2013.csv: 6 images for val, 3589 in the official FER2013' in text
    assert 'angry 0 (467)' in text
    counts = np.bincount(FER2013(str(root), split='val').labels, minlength=7)
    assert text.endswith(', '.join(f'{name} {n} ({official})' for name, n, official
                                   in zip(NAMES, counts, OFFICIAL_COUNTS['val'])))


def test_counts_that_agree_give_none(root, faces, log, monkeypatch):
    counts = np.bincount([faces.labels[row] for row in faces.of('PublicTest')], minlength=7)
    monkeypatch.setitem(OFFICIAL_COUNTS, 'val', tuple(counts.tolist()))
    FER2013(str(root), split='val')
    assert warnings_in(log) == []


# faces of other sizes

@pytest.mark.parametrize('size', [48, 112, None])
def test_face_size(tmp_path, size):
    """Read without a flag; the sizes have a cache each. Leaks are found in all of them."""
    image = np.kron(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8), np.ones((8, 8), np.uint8))
    for name in ('train/happy/Training_1.png', 'test/sad/PublicTest_2.png'):
        write_image(tmp_path / name, image)
    for _ in range(2):
        dataset = FER2013(str(tmp_path), split='val', **({} if size == 48 else dict(face_size=size)))
        assert dataset.images.shape == (1, size or 224, size or 224)
        assert dataset[0]['img_shape'] == dataset[0]['img'].shape == dataset.images.shape[1:]
        assert dataset.leaked.tolist() == [True]
    assert len(pickle.loads(pickle.dumps(dataset)).images) == 1


def test_image_paths_of_nested_folders(tmp_path, faces):
    write_folders(tmp_path / 'archive' / 'images', faces)
    assert all(os.path.isfile(sample['img_path']) for sample in FER2013(str(tmp_path)))


# a part of train as val

@pytest.fixture(params=['csv', 'folder'])
def without_val(tmp_path, request):
    faces = make_faces(210)
    if request.param == 'csv':
        write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in csv_rows(faces)])
        write_lines(tmp_path / 'test.csv', 'pixels', [row[1:2] for row in csv_rows(faces)[:3]])
    else:
        write_folders(tmp_path, faces._replace(splits=['Training'] * 210))
    return str(tmp_path)


def ids(dataset):
    return [sample['sample_id'] for sample in dataset]


def test_message_offers_to_hold_out_a_part(without_val):
    with pytest.raises(ValueError, match=r"'val'.*--cfg-options train_.*hold_out=0\.1 val_.*hold_out=0\.1") as error:
        FER2013(without_val, split='val')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(('share', 'each'), [(0.1, 3), (0.5, 15), (0.01, 1), (0.999, 29)])
def test_held_out_part(without_val, log, share, each):
    """Train and val are disjoint, together all images, and val has the same share of each class; test is unchanged."""
    log.clear()
    train, val = (FER2013(without_val, split=split, hold_out=share) for split in ('train', 'val'))
    assert sorted(ids(train) + ids(val)) == sorted(ids(FER2013(without_val)))
    assert np.bincount(val.labels).tolist() == [each] * 7
    assert all(sample.startswith('Training_') for sample in ids(val))
    assert ids(val) == sorted(ids(val), key=lambda sample: int(sample.rpartition('_')[2]))
    assert not warnings_in(log)[:-1]  # of counts that are not the official ones; the last is of the whole
    assert (train.official_split, val.official_split) == ('Training', 'Training (held out)')
    assert ids(FER2013(without_val, split='val', hold_out=share)) == ids(val)
    assert ids(FER2013(without_val, split='val', hold_out=share, hold_out_seed=1)) != ids(val) or share > 0.99


def test_leaks_of_a_held_out_part(tmp_path):
    """Each image is there twice."""
    faces = make_faces(210)
    faces.images[105:] = faces.images[:105]
    write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in csv_rows(faces)])
    train, val = (FER2013(str(tmp_path), split=split, hold_out=0.2) for split in ('train', 'val'))
    pixels = {image.tobytes() for image in train.images}
    expected = [image.tobytes() in pixels for image in val.images]
    assert 0 < sum(expected) < len(val)
    assert val.leaked.tolist() == expected
    kept = FER2013(str(tmp_path), hold_out=0.2, drop_leaked=True)
    assert len(kept) == len(train) - sum(expected)
    assert not {image.tobytes() for image in kept.images} & {image.tobytes() for image in val.images}


@pytest.mark.parametrize('split', ['train', 'val'])
@pytest.mark.parametrize('write', [write_fer2013, write_folders])
def test_nothing_is_held_out_where_val_exists(tmp_path, faces, write, split):
    write(tmp_path, faces)
    with pytest.raises(ValueError, match=f'^{tmp_path}.*: hold_out is for data without the split val'):
        FER2013(str(tmp_path), split=split, hold_out=0.1)
    assert len(FER2013(str(tmp_path), split='test', hold_out=0.1)) == 3


def test_nothing_is_held_out_beside_val_csv(tmp_path, faces):
    for name in ('train', 'val'):
        write_lines(tmp_path / f'{name}.csv', 'emotion,pixels', [row[:2] for row in csv_rows(faces)])
    with pytest.raises(ValueError, match=f'^{tmp_path}/val.csv: hold_out is for data without the split val'):
        FER2013(str(tmp_path), hold_out=0.1)


# MMEngine's interface of a data set

@pytest.mark.parametrize(('indices', 'picked'), [
    (5, slice(5)),
    (-3, slice(-3, None)),
    ([7, 2, 2], [7, 2, 2]),
])
def test_indices_and_subsets(root, faces, indices, picked):
    whole = FER2013(str(root))
    expected = np.array(faces.of('Training'))[picked]
    in_place = FER2013(str(root))
    in_place.get_subset_(indices)
    for part in (FER2013(str(root), indices=indices), whole.get_subset(indices), in_place):
        assert len(part) == len(expected)
        np.testing.assert_array_equal(part.images, faces.images[expected])
        np.testing.assert_array_equal(part.labels, np.array(faces.labels)[expected])
        assert [part[i]['sample_id'] for i in range(len(part))] == [f'Training_{row}' for row in expected]
        assert part[-1]['sample_idx'] == len(expected) - 1
    assert len(whole) == len(faces.of('Training'))


def test_lazy_init_reads_nothing(tmp_path, faces):
    dataset = FER2013(str(tmp_path), lazy_init=True)
    assert dataset.metainfo['classes'] == NAMES
    write_fer2013(tmp_path, faces)
    dataset.full_init()
    assert len(dataset) == len(faces.of('Training'))


def test_test_mode_does_not_replace_a_refused_sample(root):
    def refuse(results):
        return None

    with pytest.raises(Exception, match='Test time pipline should not get'):
        FER2013(str(root), pipeline=[refuse], test_mode=True)[0]
    with pytest.raises(Exception, match='Cannot find valid image after 3'):
        FER2013(str(root), pipeline=[refuse], max_refetch=3)[0]


def test_labels_for_samplers_and_wrappers(root, faces):
    dataset = FER2013(str(root))
    expected = [faces.labels[row] for row in faces.of('Training')]
    assert dataset.get_gt_labels().tolist() == expected
    assert [dataset.get_cat_ids(i) for i in range(len(dataset))] == [[label] for label in expected]
    assert len(ClassBalancedDataset(dataset, oversample_thr=0.5)) > len(dataset)
    assert len(ConcatDataset([dataset, FER2013(str(root), split='val')])) == 18


def test_pipeline_of_mmpretrain(root):
    pipeline = [
        {'type': 'RandomCrop', 'crop_size': 48, 'padding': 4},
        {'type': 'RandomFlip', 'prob': 1.0},
        {'type': 'Rotate', 'angle': 20.0, 'prob': 1.0},
        {'type': 'Resize', 'scale': 64},
        {'type': 'PackInputs', 'meta_keys': ('sample_idx', 'sample_id', 'ori_shape', 'img_shape', 'flip')},
    ]
    for color_type, channels in (('grayscale', 1), ('color', 3)):
        packed = FER2013(str(root), pipeline=pipeline, color_type=color_type)[2]
        assert tuple(packed['inputs'].shape) == (channels, 64, 64)
        assert packed['data_samples'].sample_id.startswith('Training_')
        assert packed['data_samples'].ori_shape == (48, 48)
        assert packed['data_samples'].gt_label.tolist() == [FER2013(str(root))[2]['gt_label']]


def test_color_is_the_same_value_in_three_channels(root):
    grey, color = FER2013(str(root))[3]['img'], FER2013(str(root), color_type='color')[3]['img']
    assert color.shape == (48, 48, 3)
    assert color.flags.c_contiguous
    for channel in range(3):
        np.testing.assert_array_equal(color[..., channel], grey)


@pytest.mark.parametrize('color_type', ['grayscale', 'color'])
def test_pipeline_may_write_into_the_image(root, color_type):
    def blacken(results):
        results['img'][...] = 0
        return results

    dataset = FER2013(str(root), pipeline=[blacken], color_type=color_type)
    before = dataset.images.copy()
    assert dataset[0]['img'].max() == 0
    np.testing.assert_array_equal(dataset.images, before)


# memory

def test_images_are_a_read_only_view_of_the_mapped_file(root):
    dataset = FER2013(str(root))
    assert np.shares_memory(dataset.images, dataset._table.images)
    assert not dataset.get_subset([0, 5]).images.flags.writeable
    with pytest.raises(ValueError, match='read-only'):
        dataset.images[0, 0, 0] = 1
    assert np.shares_memory(dataset.get_subset(3).images, dataset.images)


def test_pickle_holds_no_pixels(root, faces):
    dataset = FER2013(str(root))
    data = pickle.dumps(dataset)
    assert len(data) < 4000 < faces.images.nbytes
    copy = pickle.loads(data)
    np.testing.assert_array_equal(copy.images, dataset.images)
    assert copy[4]['sample_id'] == dataset[4]['sample_id']


def test_pickle_without_a_cache_still_works(root, monkeypatch):
    def refuse(self, path):
        raise PermissionError(13, 'Permission denied', str(path))

    monkeypatch.setattr(FaceTable, 'save', refuse)
    dataset = FER2013(str(root))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset)).images, dataset.images)


def test_workers(root):
    dataset = FER2013(str(root), pipeline=[{'type': 'PackInputs', 'meta_keys': ('sample_id',)}])
    loader = DataLoader(dataset, batch_size=5, num_workers=2, collate_fn=list)
    samples = [sample for batch in loader for sample in batch]
    assert [sample['data_samples'].sample_id for sample in samples] == \
        [dataset.get_data_info(i)['sample_id'] for i in range(len(dataset))]
    np.testing.assert_array_equal(np.stack([sample['inputs'][0] for sample in samples]), dataset.images)


def test_splits_share_one_cache_file(root, monkeypatch):
    FER2013(str(root), split='train')
    monkeypatch.setattr(table_cache, '_store', lambda *args: pytest.fail('the source was read again'))
    FER2013(str(root), split='val')
    assert len(list(root.glob('*.npy'))) == 1


# FER+

@pytest.fixture
def voted(root, faces):
    """Votes by which rows 0, 7, 14 (Training) are happy; 2, 9, 16 a tie; all others are no face."""
    votes = [{0: {'happiness': 6, 'neutral': 2, 'NF': 2}, 2: {'anger': 5, 'fear': 5}}.get(row % 7, {'NF': 10})
             for row in range(21)]
    write_votes(root, faces.splits, votes)
    return root


def test_ferplus_majority(voted, log):
    dataset = FER2013(str(voted), ferplus='majority')
    assert [sample['sample_id'] for sample in dataset] == ['Training_0', 'Training_7', 'Training_14']
    assert dataset.get_gt_labels().tolist() == [3, 3, 3]
    assert 'gt_score' not in dataset[0]
    assert warnings_in(log) == []


def test_ferplus_soft(voted, faces):
    dataset = FER2013(str(voted), ferplus='soft', pipeline=[{'type': 'PackInputs'}])
    assert [dataset.get_data_info(i)['sample_id'] for i in range(6)] == \
        [f'Training_{row}' for row in (0, 2, 7, 9, 14, 16)]
    np.testing.assert_array_equal(dataset.images, faces.images[[0, 2, 7, 9, 14, 16]])
    assert dataset.labels.tolist() == [3, 0, 3, 0, 3, 0]
    scores = dataset[1]['data_samples'].gt_score.numpy()
    assert scores.dtype == np.float32
    np.testing.assert_array_equal(scores, [0.5, 0, 0.5, 0, 0, 0, 0])


def test_ferplus_scores_may_be_modified(voted):
    dataset = FER2013(str(voted), ferplus='soft')
    dataset[0]['gt_score'][:] = 0
    assert dataset[0]['gt_score'].sum() == 1


def test_ferplus_without_votes_or_csv(root, tmp_path, faces):
    with pytest.raises(FileNotFoundError, match=f'^{root}/fer2013new.csv: ferplus needs this file'):
        FER2013(str(root), ferplus='majority')
    folder = write_folders(tmp_path / 'folder', faces)
    with pytest.raises(FileNotFoundError, match=f'^{folder}/fer2013new.csv: .*only image folders were found'):
        FER2013(str(folder), ferplus='soft')


# duplicates across the splits

@pytest.fixture
def leaky(faces):
    """Rows 4 and 7 (Training) equal row 1 (PublicTest), row 9 is one grey level off row 3 (PrivateTest)."""
    images = faces.images.copy()
    images[[4, 7]] = images[1]
    images[9] = images[3] ^ 1
    images[6] = images[8]  # PublicTest on both sides
    images[13] = images[10]  # PublicTest and PrivateTest
    images[2] = images[0]  # Training on both sides
    return faces._replace(images=images)


def rows_of(dataset):
    return [int(dataset.get_data_info(i)['sample_id'].rpartition('_')[2]) for i in range(len(dataset))]


@pytest.mark.parametrize('write', [write_fer2013, write_folders])
def test_drop_leaked(tmp_path, leaky, log, write):
    write(tmp_path, leaky)
    whole = FER2013(str(tmp_path))
    kept = FER2013(str(tmp_path), drop_leaked=True)
    assert rows_of(whole) == leaky.of('Training')
    assert [row for row, leaked in zip(rows_of(whole), whole.leaked) if leaked] == [4, 7, 9]
    assert rows_of(kept) == [row for row in leaky.of('Training') if row not in (4, 7, 9)]
    assert not kept.leaked.any()
    np.testing.assert_array_equal(kept.images, leaky.images[rows_of(kept)])
    assert kept.labels.tolist() == [leaky.labels[row] for row in rows_of(kept)]
    assert any('3 of 12 training images left out' in text for _, text in log)
    assert 'Leaked: \tleft out of train' in repr(kept)
    assert 'Leaked' not in repr(whole)


@pytest.mark.parametrize(('split', 'leaked'), [('val', [1]), ('test', [3])])
def test_val_and_test_keep_their_leaked_images(tmp_path, leaky, split, leaked):
    dataset = FER2013(str(write_fer2013(tmp_path, leaky).parent), split=split, drop_leaked=True)
    assert rows_of(dataset) == leaky.of(OFFICIAL_NAMES[split])
    assert dataset.leaked.dtype == bool
    assert [row for row, found in zip(rows_of(dataset), dataset.leaked) if found] == leaked
    assert dataset.get_subset([-1, 0]).leaked.tolist() == dataset.leaked[[-1, 0]].tolist()


def test_drop_leaked_goes_with_ferplus_and_indices(tmp_path, leaky):
    write_fer2013(tmp_path, leaky)
    write_votes(tmp_path, leaky.splits, [{'happiness': 9} if row % 2 else {'NF': 9} for row in range(21)])
    dataset = FER2013(str(tmp_path), drop_leaked=True, ferplus='soft', indices=3)
    assert rows_of(dataset) == [row for row in leaky.of('Training') if row % 2 and row not in (7, 9)][:3]
    assert dataset[0]['gt_score'].shape == (7,)


def test_drop_leaked_across_the_files_of_the_competition(tmp_path, leaky):
    rows = csv_rows(leaky)
    write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in rows[4:]])
    write_lines(tmp_path / 'test.csv', 'pixels', [row[1:2] for row in rows[:4]])
    assert len(FER2013(str(tmp_path), drop_leaked=True)) == 17 - 3
    assert FER2013(str(tmp_path), split='test').leaked.tolist() == [False, True, False, True]


def test_drop_leaked_with_nothing_to_compare(tmp_path, leaky, log):
    rows = csv_rows(leaky)
    path = write_lines(tmp_path / 'fer2013.csv', 'emotion,pixels,Usage', [r for r in rows if r[2] == 'Training'])
    with pytest.raises(ValueError, match=f'^{path}: no images of val or test.* duplicates of train'):
        FER2013(str(tmp_path), drop_leaked=True)
    write_lines(path, 'emotion,pixels,Usage', [r for r in rows if r[2] != 'PrivateTest'])
    log.clear()
    assert 9 in rows_of(FER2013(str(tmp_path), drop_leaked=True))
    assert any(text.startswith(f'{path}: no images of test') for text in warnings_in(log))
