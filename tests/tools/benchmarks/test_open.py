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
    monkeypatch.setattr(fer2013, 'check_integrity', None)  # one of the ways replaces it; this takes it back
    return script('_open')


@pytest.fixture
def faces(script):
    return script('_faces').draw_faces(12)


@pytest.mark.parametrize('name', HEADERS)
def test_all_ways_read_the_same_csv(opening, script, faces, name, tmp_path):
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


def test_all_ways_read_the_same_folders(opening, script, faces, tmp_path):
    root = script('_faces').write_folders(tmp_path, *faces)
    ours = opening.ours()(root)
    theirs = opening.torchvision_folders()(root)
    classes = sorted(path.name for path in (root / 'train').iterdir())
    found = sorted((classes[label], image.tolist()) for image, label in theirs)
    names = ours.metainfo['classes']
    # Two decoders of JPEG, which may round differently.
    expected = sorted((names[label], image.tolist()) for label, image in zip(ours.labels, ours.images))
    for (name, image), (other, mine) in zip(found, expected):
        assert name == other
        np.testing.assert_allclose(image, mine, atol=2)


@pytest.mark.skipif(sys.platform != 'linux', reason='memory is looked up in /proc')
@pytest.mark.parametrize(('read', 'kept'), [('np.ones(2**23)', (60, 80)), ('np.ones(2**23).sum()', (0, 10))])
def test_peak_counts_what_is_gone_and_kept_does_not(opening, read, kept):
    """Of 64 MB, in a process of its own: in this one, tests before may have left some to be used again."""
    folder = str(Path(opening.__file__).parent)
    code = f"""
import json, sys
import numpy as np
sys.path.insert(0, {folder!r})
import _open
_open.WAYS['way'] = lambda: lambda root: {read}
print(json.dumps(_open.cost('way', None)))
"""
    child = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    cost = json.loads(child.stdout)
    assert cost['seconds'] > 0
    assert 60 < cost['peak_mb'] < 80
    assert kept[0] < cost['kept_mb'] < kept[1]


def test_without_proc_it_is_the_time_alone(opening, monkeypatch, tmp_path):
    monkeypatch.setattr(opening, '_memory', dict)
    monkeypatch.setitem(opening.WAYS, 'way', lambda: lambda root: root)
    assert list(opening.cost('way', tmp_path)) == ['seconds']


def test_as_a_process(opening, script, faces, tmp_path):
    script('_faces').write_csv(tmp_path / 'fer2013.csv', *faces)
    child = subprocess.run([sys.executable, opening.__file__, 'pandas_split', str(tmp_path)], capture_output=True,
                           text=True, check=True)
    assert json.loads(child.stdout)['seconds'] > 0
