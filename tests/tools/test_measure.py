"""tools/measure.py from the command line; tests/apis/test_measure.py tests what it measures."""
import json

import pytest


def test_tables_and_file(call_tool, config, trained, tmp_path, capfd):
    call_tool('measure.py', config, trained, '--split', 'test', '--out', tmp_path / 'it.json',
              '--cfg-options', 'test_dataloader.dataset.num_samples=14')
    found = json.loads((tmp_path / 'it.json').read_text())
    assert [found['conditions'][key] for key in ('split', 'samples')] == ['test', 14]
    text = capfd.readouterr().out.split('\n\n')
    assert text[-1].splitlines()[0].startswith('largest loss')
    assert any(f'{found["single_view"]["accuracy"]:.2f}' in part for part in text if part.startswith('in %'))


@pytest.mark.parametrize(('args', 'fact'), [
    (['no_such.pth'], 'no_such.pth'),
    (['no_such.pth', '--out', 'it.txt'], 'it.txt'),
])
def test_one_line_of_error(error_of, config, args, fact):
    assert fact in error_of('measure.py', config, *args)


def test_missing_config(error_of, tmp_path):
    assert 'no_such.py' in error_of('measure.py', 'no_such.py', tmp_path / 'it.pth')


def test_foreign_checkpoint(error_of, config, tmp_path):
    (tmp_path / 'it.pth').write_text('no weights')
    assert 'it.pth' in error_of('measure.py', config, tmp_path / 'it.pth')


def test_unknown_split(call_tool, config, capfd):
    with pytest.raises(SystemExit, match='2'):
        call_tool('measure.py', config, 'it.pth', '--split', 'PublicTest')
    assert 'train, val, test' in capfd.readouterr().err.replace("'", '')


def test_help(call_tool, capfd):
    with pytest.raises(SystemExit, match='0'):
        call_tool('measure.py', '--help')
    text = capfd.readouterr().out
    assert 'PublicTest' in text
    assert '--split' in text
