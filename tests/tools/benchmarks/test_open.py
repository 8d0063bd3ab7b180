import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import fer2013

HEADERS = {'fer2013.csv': 'emotion,pixels,Usage', 'icml_face_data.csv': 'emotion, Usage, pixels',
           'train.csv': 'emotion,pixels'}


@pytest.fixture
def opening(script, monkeypatch):
    monkeypatch.setattr(fer2013, 'check_integrity', None)  # a reader replaces it; the fixture restores it
    return script('_open')


@pytest.fixture
def faces(script):
    return script('_faces').draw_faces(12)


@pytest.mark.parametrize('name', HEADERS)
def test_all_readers_agree_on_a_csv(opening, script, faces, name, tmp_path):
    root = tmp_path / 'fer2013'
    root.mkdir()
    script('_faces').write_csv(root / name, *faces, HEADERS[name])
    ours = opening.ours()(root)
    images, labels = opening.pandas_split()(root)
    theirs = opening.torchvision_csv()(root)
    assert images.dtype == np.uint8
    for found, classes in [(ours.images, ours.labels), (images, labels), map(np.stack, zip(*theirs))]:
        assert (found == faces[0]).all()
        assert list(classes) == faces[1].tolist()


def test_all_readers_agree_on_folders(opening, script, faces, tmp_path):
    root = script('_faces').write_folders(tmp_path, *faces)
    ours = opening.ours()(root)
    theirs = opening.torchvision_folders()(root)
    classes = sorted(path.name for path in (root / 'train').iterdir())
    found = sorted((classes[label], image.tolist()) for image, label in theirs)
    names = ours.metainfo['classes']
    # Two JPEG decoders may round differently.
    expected = sorted((names[label], image.tolist()) for label, image in zip(ours.labels, ours.images))
    for (name, image), (other, mine) in zip(found, expected):
        assert name == other
        np.testing.assert_allclose(image, mine, atol=2)


@pytest.mark.skipif(sys.platform != 'linux', reason='memory is read from /proc')
def test_peak_counts_freed_memory_and_kept_does_not(opening):
    """Two reads of 64 MB in a new process, since in this one freed memory of other tests would be used again."""
    code = f"""
import json, sys
import numpy as np
sys.path.insert(0, {str(Path(opening.__file__).parent)!r})
import _open
_open.READERS['freed'] = lambda: lambda root: np.ones(2**23).sum()
_open.READERS['kept'] = lambda: lambda root: np.ones(2**23)
print(json.dumps([_open.measure(reader, None) for reader in ('freed', 'kept')]))
"""
    child = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    freed, kept = json.loads(child.stdout)
    for cost in (freed, kept):
        assert cost['seconds'] > 0
        assert 60 < cost['peak_mb'] < 80
    assert freed['kept_mb'] < 10
    assert 60 < kept['kept_mb'] < 80


def test_without_proc_there_are_seconds_alone(opening, monkeypatch, tmp_path):
    monkeypatch.setattr(opening, '_memory', dict)
    monkeypatch.setitem(opening.READERS, 'nothing', lambda: lambda root: root)
    assert list(opening.measure('nothing', tmp_path)) == ['seconds']
