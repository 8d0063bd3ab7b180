"""tools/visualize.py: files, lines and errors on the command line."""
import shutil
import sys

import cv2
import pytest
import torch
from matplotlib import pyplot
from mmengine.runner.checkpoint import CheckpointLoader

from emonext_mm.apis.visualize import FIGURES


@pytest.fixture
def draw(call_tool, config, capfd):
    """Run the tool; return its line about each figure, and the names of the files that it wrote."""

    def run(*args, out):
        call_tool('visualize.py', config, *args, '--out', out)
        lines = capfd.readouterr().out.split('\n\n')[-1].splitlines()
        return dict(line.split(maxsplit=1) for line in lines), sorted(path.name for path in out.glob('*.png'))

    return run


def test_all_figures_of_a_run(draw, trained, tmp_path):
    lines, files = draw(trained, out=tmp_path)
    assert lines == {name: str(tmp_path / f'{name}.png') for name in FIGURES}
    assert files == sorted(f'{name}.png' for name in FIGURES)
    for name in files:
        height, width, _ = cv2.imread(str(tmp_path / name)).shape
        assert 300 < height < 2000
        assert 300 < width < 2000
    assert not pyplot.get_fignums()


def test_figures_are_written_to_the_work_dir(config, call_tool, trained, tmp_path):
    work_dir = tmp_path / 'run'
    shutil.copytree(trained, work_dir)
    before = {path: path.read_bytes() for path in work_dir.rglob('*') if path.is_file()}
    call_tool('visualize.py', config, work_dir / 'epoch_1.pth', '--only', 'curves')
    assert (work_dir / 'figures' / 'curves.png').is_file()
    assert {path: path.read_bytes() for path in before} == before


def test_config_alone(error_of, config, tmp_path):
    """Without any figure it is an error, which names them all with the reason."""
    message = error_of('visualize.py', config, '--out', tmp_path)
    assert all(f'{name} was not drawn: no ' in message for name in FIGURES)
    assert not list(tmp_path.glob('*.png'))


def test_run_without_a_checkpoint(draw, trained, tmp_path):
    shutil.copytree(trained, tmp_path / 'run', ignore=shutil.ignore_patterns('*.pth', 'last_checkpoint'))
    lines, files = draw(tmp_path / 'run', out=tmp_path / 'out')
    assert files == ['curves.png']
    assert str(tmp_path / 'run') in lines['cam']


def test_only_figures_that_cannot_all_be_drawn(error_of, config, trained, tmp_path):
    """The others are drawn nevertheless."""
    checkpoint = CheckpointLoader.load_checkpoint(str(trained / 'epoch_2.pth'))
    weights = {key: value for key, value in checkpoint['state_dict'].items() if 'localization' not in key}
    torch.save({**checkpoint, 'state_dict': weights}, tmp_path / 'plain.pth')
    message = error_of('visualize.py', config, tmp_path / 'plain.pth', '--only', 'stn', 'cam', '--out', tmp_path,
                       '--cfg-options', 'data_preprocessor.localization_size=None')
    assert message.startswith('error: stn ')
    assert 'no STN' in message
    assert [path.name for path in tmp_path.glob('*.png')] == ['cam.png']


def test_ten_crops(draw, trained, tmp_path):
    lines, files = draw(trained, '--tta', '--cfg-options', 'test_dataloader.dataset.split=val', out=tmp_path)
    assert all('10 views' in lines[name] for name in ('stn', 'cam'))
    assert files == ['confusion.png', 'curves.png', 'mistakes.png']


def test_without_captum(error_of, config, trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'captum.attr', None)
    assert 'pip install captum' in error_of('visualize.py', config, trained, '--only', 'cam', '--out', tmp_path)


def test_missing_config(error_of):
    assert 'no_such.py' in error_of('visualize.py', 'no_such.py')


def test_missing_checkpoint(error_of, config, tmp_path):
    assert str(tmp_path / 'no_such.pth') in error_of('visualize.py', config, tmp_path / 'no_such.pth')
    assert not list(tmp_path.iterdir())


def test_truncated_checkpoint(error_of, config, trained, tmp_path):
    (tmp_path / 'short.pth').write_bytes((trained / 'epoch_2.pth').read_bytes()[:9999])
    message = error_of('visualize.py', config, tmp_path / 'short.pth', '--out', tmp_path / 'out')
    assert 'short.pth was not loaded' in message


def test_unknown_backend(error_of, config):
    message = error_of('visualize.py', config, '--cfg-options', 'visualizer.vis_backends=TensorBoard')
    assert 'visualizer.vis_backends' in message
    assert 'TensorBoard' in message


def test_unknown_figure(call_tool, config, capfd):
    with pytest.raises(SystemExit) as end:
        call_tool('visualize.py', config, '--only', 'portrait')
    assert end.value.code == 2
    assert "invalid choice: 'portrait'" in capfd.readouterr().err
