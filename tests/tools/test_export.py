"""tools/export.py from the command line; tests/apis/test_export.py tests what it writes."""
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.config import Config

from tests.apis.test_export import predict, run, save


def test_file(call_tool, config, tmp_path, capsys):
    """It gives the probabilities of PyTorch, which say something: the classes differ."""
    model = save(Config.fromfile(config), tmp_path / 'it.pth')
    call_tool('export.py', config, tmp_path / 'it.pth', tmp_path / 'it.onnx')
    assert str(tmp_path / 'it.onnx') in capsys.readouterr().out
    face = np.random.default_rng(0).integers(0, 256, (1, 1, 48, 48), np.uint8)
    expected = predict(model, torch.from_numpy(face)).numpy()
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(run(tmp_path / 'it.onnx', face, ['probabilities'])[0], expected, rtol=0, atol=1e-5)


def test_wrong_suffix_is_one_line(error_of, config, tmp_path):
    message = error_of('export.py', config, tmp_path / 'it.pth', tmp_path / 'it.txt')
    assert [word for word in (str(tmp_path / 'it.txt'), '.onnx', '.pt2') if word not in message] == []
    assert not (tmp_path / 'it.txt').exists()


def test_passes_its_arguments_on(monkeypatch, call_tool, tmp_path, capsys):
    found = []

    def export(**kwargs):
        found.append(kwargs)
        kwargs['out'].write_bytes(bytes(7_350_000))
        return SimpleNamespace(path=kwargs['out'], difference=2.5e-7, rounding='3 labels changed')

    monkeypatch.setattr('emonext_mm.apis.export.export', export)
    call_tool('export.py', 'config.py', 'run', tmp_path / 'it.onnx', '--half', '--cfg-options', 'a.b=1')
    assert found == [dict(config=Path('config.py'), checkpoint=Path('run'), out=tmp_path / 'it.onnx', half=True,
                          cfg_options={'a.b': 1})]
    text = capsys.readouterr().out
    assert [word for word in ('it.onnx', '7.35 MB', '2.5e-07', '3 labels changed') if word not in text] == []
