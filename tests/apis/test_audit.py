import json

import cv2
import numpy as np
import pytest

from emonext_mm.apis.audit import audit
from emonext_mm.emotions import CLASSES
from tests.helpers.fer2013_files import write_image


@pytest.fixture
def root(tmp_path):
    """Folders of 20 noise images: 5, 6 and, in val, 15 are equal and have three labels; 3 mirrors 2; 9 is black."""
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 48), np.uint8)
    images[[6, 15]] = images[5]
    images[3] = images[2, :, ::-1]
    images[9] = 0
    for i, image in enumerate(images):
        label = CLASSES[3 if i == 15 else i % 7]
        write_image(tmp_path / 'data' / ('train' if i < 10 else 'val') / label / f'face_{i}.png', image)
    return tmp_path / 'data'


def test_report(root):
    result = audit(root)
    report = result.report
    assert report['sources'] == [str(root)]
    assert report['images'] == 20
    assert report['counts']['train']['happy'] == {'found': 1, 'official': 7215}
    assert report['exact_duplicates'] == {'groups': 1, 'surplus': 2, 'share': 0.1, 'contradicting': 1}
    assert report['leaks'] == [{'split': 'val', 'duplicates_in': 'train', 'exact': 1, 'near': 0}]
    assert report['groups'] == [{
        'images': ['train/surprise/face_5.png', 'train/neutral/face_6.png', 'val/happy/face_15.png'],
        'exact': True, 'contradicts': True, 'splits': ['train', 'val'], 'labels': ['happy', 'surprise', 'neutral'],
    }]
    assert report['blank'] == ['train/fear/face_9.png']
    assert report['mirrored'] == [['train/fear/face_2.png', 'train/happy/face_3.png']]
    assert str(root) in result.text
    assert '1 of 10 (10.0 %): 1 exact, 0 near' in result.text
    assert result.files == ()


def test_files(root, tmp_path):
    out = tmp_path / 'deep' / 'out'
    result = audit(str(root), str(out))
    assert result.files == (out / 'audit.json', out / 'audit.png')
    assert sorted(out.iterdir()) == sorted(result.files)
    assert json.loads(result.files[0].read_text()) == result.report
    assert cv2.imread(str(result.files[1])).min() < 20  # faces


def test_every_unreadable_file_is_reported(root):
    for name in ('a.png', 'b.jpg0.jpg'):
        (root / 'train' / 'sad' / name).write_bytes(b'x')
    write_image(root / 'train' / 'sad' / 'c.jpg0.jpg', np.full((48, 48), 9, np.uint8))
    result = audit(root)
    assert [line.split(':')[0] for line in sorted(result.report['unreadable'])] == [
        f'{root}/train/sad/a.png', f'{root}/train/sad/b.jpg0.jpg']
    assert result.report['named_as_duplicates'] == ['train/sad/c.jpg0.jpg']
    assert f'{root}/train/sad/a.png' in result.text


def test_missing_data_write_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match=f'No FER2013 data in {tmp_path}'):
        audit(tmp_path / 'none', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
