from contextlib import nullcontext

import pytest

from emonext_mm.utils.errors import one_line_errors

# Multiplications of the small model for an image of 32 px: stem, blocks, downsampling, SE, classifier; then the
# localisation network: two convolutions and two linear layers.
MODEL = 64 * 48 * 16 + (64 + 16 + 4 + 1) * 16 * (49 + 2 * 64) + (16 + 4 + 1) * 64 * 16 + 4 * 2 * 16 + 16 * 7
STN = 26**2 * 3 * 49 * 8 + 9**2 * 8 * 25 * 10 + 160 * 32 + 32 * 6
FLOPS = 3 * 2 * 2 * (MODEL + STN)  # forward and twice as much backward, additions too, two images


@pytest.fixture
def main(script, monkeypatch):
    """The benchmark without a new process."""
    module = script('train_step')
    monkeypatch.setattr(module, 'in_new_process', lambda build, *args: nullcontext(build(*args)))
    return module.main


def test_a_step_of_all_sides(main, config, reference, tmp_path, check_report, capsys):
    path = tmp_path / 'report.json'
    main([config, '--batch', '2', '--rounds', '2', '--reference', str(reference), '--json', str(path)])
    report = check_report(path, rounds=2)
    table, peak, part = report['tables']
    assert list(peak['sides']) == ['ours', 'matrix multiplication']
    for cost, share in zip(table['sides']['ours']['rounds'], peak['sides']['ours']['rounds']):
        assert cost / share == pytest.approx(FLOPS / 1e9)
    assert 0 < peak['ratios'][0]['median'] < 1
    assert list(part['sides']) == ['the regulariser', 'ours']
    assert part['sides']['ours']['rounds'] == table['sides']['ours']['rounds']
    assert part['ratios'][0]['median'] > 1  # the part takes less time than the whole
    assert list(table['sides']) == ['ours', 'timm convnext_mini', 'authors']
    assert [(ratio['of'], ratio['over']) for ratio in table['ratios']] == [
        ('timm convnext_mini', 'ours'), ('authors', 'ours')]
    assert table['sides']['ours']['images_per_second'] == pytest.approx(2 / table['sides']['ours']['median'])
    assert report['conditions']['config'] == 'small_emonext_tiny_fer2013'
    assert report['conditions']['images'] == [3, 32, 32]
    steps = (reference / 'calls.txt').read_text().splitlines()
    assert len(steps) >= 4  # two to warm up, two rounds
    assert set(steps) == {'step (2, 3, 224, 224) amp=False deterministic=True'}
    assert 'authors / ours = ' in capsys.readouterr().out


def test_a_size_that_others_do_not_have(main, own_size, reference, tmp_path, check_report):
    path = tmp_path / 'report.json'
    main([own_size, '--batch', '2', '--rounds', '1', '--json', str(path)])
    assert list(check_report(path, rounds=1)['tables'][0]['sides']) == ['ours']
    with pytest.raises(ValueError, match='depths'):
        main([own_size, '--batch', '2', '--rounds', '1', '--reference', str(reference)])


def test_an_epoch_from_disk(main, config, reference, tmp_path, check_report):
    path = tmp_path / 'report.json'
    main([config, '--batch', '2', '--images', '5', '--rounds', '1', '--reference', str(reference),
          '--json', str(path), '--cfg-options', 'train_dataloader.num_workers=0'])
    table, = check_report(path, rounds=1)['tables']
    assert table['title'] == 'an epoch of 4 faces'
    assert table['sides']['ours']['images_per_second'] == pytest.approx(4 / table['sides']['ours']['median'])
    calls = (reference / 'calls.txt').read_text().splitlines()
    steps = [call for call in calls if call != 'transform']
    assert set(steps) == {'step (2, 3, 8, 8) amp=False deterministic=True'}
    assert len(calls) - len(steps) == 2 * len(steps)  # two images a step


def test_compiled_sides(main, config, tmp_path, check_report, monkeypatch):
    compiled = []
    monkeypatch.setattr('torch.nn.Module.compile', lambda module: compiled.append(type(module).__name__))
    path = tmp_path / 'report.json'
    main([config, '--batch', '2', '--rounds', '1', '--compile', '--json', str(path)])
    table, _, _ = check_report(path, rounds=1)['tables']
    assert list(table['sides']) == ['ours', 'ours, compiled', 'timm convnext_mini', 'timm convnext_mini, compiled']
    assert compiled == ['EmoNeXt', 'ConvNeXt']


@pytest.mark.parametrize(('options', 'message'), [
    (['--reference', 'nowhere'], r'nowhere .*models\.py'),
    (['--batch', '8', '--images', '7'], '--images 7 .*8'),
])
def test_bad_options_are_one_line(main, config, options, message):
    with pytest.raises(SystemExit, match=f'^error: {message}$'), one_line_errors():
        main([config, *options])


def test_a_head_without_regulariser(main, small, tmp_path, check_report):
    path = tmp_path / 'report.json'
    main([small('convnext_tiny_fer2013', stn=''), '--batch', '2', '--rounds', '1', '--json', str(path)])
    table, _ = check_report(path, rounds=1)['tables']
    assert list(table['sides']) == ['ours', 'timm convnext_mini']
