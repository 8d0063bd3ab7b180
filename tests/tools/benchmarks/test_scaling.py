import cv2
import pytest


@pytest.fixture
def scaling(script, monkeypatch):
    """The benchmark at 32 px, with the number of parameters in place of the memory, which takes seconds."""
    module = script('scaling')
    monkeypatch.setattr(module, 'PIXELS', 32)
    monkeypatch.setattr(module, 'peak', lambda workload: sum(each.numel() for each in workload.model.parameters()))
    return module


def test_figure_and_report(scaling, config, tmp_path, check_report):
    figure, path = tmp_path / 'new' / 'scaling.png', tmp_path / 'report.json'
    scaling.main([config, '--out', str(figure), '--batch', '2', '--batches', '1', '2', '--pixels', '32', '--sizes',
                  'mini', '--rounds', '1', '--json', str(path)])
    report = check_report(path, rounds=1)
    assert [table['title'] for table in report['tables']] == [
        f'mini, batch {batch}, 32 px: {what}' for batch in (1, 2) for what in ('time', 'memory')]
    for table in report['tables']:
        assert list(table['sides']) == ['ours', 'timm ConvNeXt']
    assert cv2.imread(str(figure)).std() > 10


def test_each_axis_is_drawn_with_its_values(scaling, script):
    table = script('_measure').Table

    def pair(seconds, mb):
        return (table('time', 's', {'ours': seconds, 'timm ConvNeXt': [1.0, 1.0, 1.0]}, ('ours',)),
                table('memory', 'MB', {'ours': [mb], 'timm ConvNeXt': [1.0]}, ('ours',)))

    tables = {(1, 32, 'atto'): pair([2.0, 1.0, 4.0], 10.0), (2, 32, 'atto'): pair([3.0, 3.0, 3.0], 20.0)}
    axes = {'batch': [(1, (1, 32, 'atto')), (2, (2, 32, 'atto'))], 'pixels': [], 'size': [('atto', (1, 32, 'atto'))]}
    figure = scaling.draw(axes, tables)
    time, size_time, memory, _ = figure.axes
    assert [panel.get_xlabel() for panel in (time, size_time)] == ['batch', 'size']
    line, _, (bars,) = time.containers[0].lines
    assert line.get_xydata().tolist() == [[1, 2], [2, 3]]
    assert bars.get_segments()[0].tolist() == [[1, 1], [1, 4]]
    assert memory.containers[0].lines[0].get_ydata().tolist() == [10, 20]
