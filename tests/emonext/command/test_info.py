import json

import pytest

from emonext.classifier import OnnxClassifier
from emonext.command.main import main


def test_card(capsys):
    """The figures of the model card are those of the file."""
    assert main(['info']) == 0
    text = capsys.readouterr().out
    figures = OnnxClassifier(threads=1).meta['figures']
    for view in ('single_view', 'ten_crops'):
        assert f'{figures[view]["accuracy"]:.2f} %' in text
    assert all(f'{name} {row["recall"]:.0f} %' in text for name, row in figures['classes'].items())
    assert '3589' in text


def test_json(capsys):
    assert main(['info', '--json']) == 0
    assert json.loads(capsys.readouterr().out) == OnnxClassifier(threads=1).meta


def test_no_model(capsys, tmp_path):
    assert main(['info', '--model', str(tmp_path / 'none.onnx')]) == 2
    assert 'none.onnx' in capsys.readouterr().err


@pytest.mark.parametrize('change', [dict(figures={}), dict(figures={'conditions': 3}), dict(provenance=['x', 'data']),
                                    dict(figures='good')])
def test_an_incomplete_card(capsys, monkeypatch, change):
    monkeypatch.setattr(OnnxClassifier, '_read_meta', lambda self, read=OnnxClassifier._read_meta: read(self) | change)
    status = main(['info'])
    out, err = capsys.readouterr()
    if change == dict(figures={}):
        assert (status, 'none in this file' in out) == (0, True)
    else:
        assert (status, len(err.splitlines()), '.onnx' in err) == (2, 1, True)


@pytest.mark.parametrize(('change', 'told'), [
    (dict(epoch=7, iteration=90), 'epoch 7'), (dict(epoch=None, iteration=90), 'iteration 90'),
    (dict(epoch=0, iteration=90), 'iteration 90'), (dict(epoch=None), 'epoch unknown')])
def test_how_far_the_training_came(capsys, monkeypatch, change, told):
    monkeypatch.setattr(OnnxClassifier, '_read_meta', lambda self, read=OnnxClassifier._read_meta: read(self) | change)
    assert main(['info']) == 0
    assert f', {told}, ' in capsys.readouterr().out
