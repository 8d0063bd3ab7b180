import importlib.util
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from emonext_mm.emotions import CLASSES
from emonext_mm.utils.errors import one_line_errors

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    spec = importlib.util.spec_from_file_location('audit_dataset', TOOLS / 'audit_dataset.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop('_preflight', None)


@pytest.fixture
def root(tmp_path):
    """Folders of 20 noise images; val_5 repeats train_5, train_6 repeats it with another label."""
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 48), np.uint8)
    images[[6, 15]] = images[5]
    images[3] = images[2, :, ::-1]
    images[9] = 0
    for i, image in enumerate(images):
        folder = tmp_path / 'data' / ('train' if i < 10 else 'val') / CLASSES[3 if i == 15 else i % 7]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'face_{i}.png'), image)
    return tmp_path / 'data'


def test_report_data_and_picture(tool, root, tmp_path, capsys):
    tool.main([str(root), '--out', str(tmp_path / 'deep' / 'out')])
    text = capsys.readouterr().out
    assert f'20 images of {root}' in text
    assert 'exact: 2 surplus images (10.00 %) in 1 groups, 1 of which contradict in label' in text
    assert 'val images with a copy in train: 1 of 10 (10.0 %): 1 exact, 0 near' in text
    assert 'no images of test here' in text
    assert 'train/fear/face_2.png = train/happy/face_3.png' in text
    out = tmp_path / 'deep' / 'out'
    assert sorted(path.name for path in out.iterdir()) == ['audit.json', 'audit.png']
    plain = json.loads((out / 'audit.json').read_text())
    assert plain['format'] == 1
    assert plain['images'] == 20
    assert plain['counts']['train']['happy'] == {'found': 1, 'official': 7215}
    assert plain['exact_copies'] == {'groups': 1, 'surplus': 2, 'share': 0.1, 'contradicting': 1}
    assert plain['leaks'] == [{'split': 'val', 'copies_in': 'train', 'exact': 1, 'near': 0}]
    assert plain['groups'] == [{
        'images': ['train/surprise/face_5.png', 'train/neutral/face_6.png', 'val/happy/face_15.png'],
        'exact': True, 'contradicts': True, 'splits': ['train', 'val'], 'labels': ['happy', 'surprise', 'neutral'],
    }]
    assert plain['blank'] == ['train/fear/face_9.png']
    assert plain['mirrored'] == [['train/fear/face_2.png', 'train/happy/face_3.png']]
    sheet = cv2.imread(str(out / 'audit.png'))
    assert sheet.min() < 20  # faces
    assert (sheet == 255).all(axis=2).any()


def test_unreadable_files_are_all_in_the_report(tool, root, capsys):
    for name in ('a.png', 'b.jpg0.jpg'):
        (root / 'train' / 'sad' / name).write_bytes(b'x')
    cv2.imwrite(str(root / 'train' / 'sad' / 'c.jpg0.jpg'), np.full((48, 48), 9, np.uint8))
    tool.main([str(root)])
    text = capsys.readouterr().out
    assert 'files that cannot be read: 2\n' in text
    assert f'{root}/train/sad/a.png: not an image that can be decoded' in text
    assert 'FER2013 refuses this folder' in text
    assert 'files named as copies: 1\n    train/sad/c.jpg0.jpg' in text


def test_missing_data_end_the_tool_and_write_nothing(tool, tmp_path):
    with pytest.raises(SystemExit, match=r'^error: No FER2013 data in'), one_line_errors():
        tool.main([str(tmp_path / 'none'), '--out', str(tmp_path / 'out')])
    assert not (tmp_path / 'out').exists()
