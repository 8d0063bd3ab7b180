"""tools/compare.py from the command line; tests/apis/test_compare.py tests what it computes."""
import pytest

from emonext_mm.apis.compare import compare
from emonext_mm.datasets import SyntheticFER
from tests.helpers.made_runs import write_run


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('runs')
    cfg = dict(type='SyntheticFER', num_samples=42, split='test')
    return [write_run(folder / f'{seed}.json', SyntheticFER(42, 'test'), cfg, 0.6, seed) for seed in range(4)]


def test_report_and_files(call_tool, files, tmp_path, capfd):
    call_tool('compare.py', *files[:2], '--out', tmp_path / 'out')
    written = [tmp_path / 'out' / name for name in ('comparison.json', 'differences.png')]
    assert capfd.readouterr().out.split('\n')[-3:] == [*map(str, written), '']
    assert all(path.is_file() for path in written)


def test_without_out(call_tool, files, capfd):
    call_tool('compare.py', *files[:2], '--against', *files[2:])
    assert capfd.readouterr().out == compare(files[:2], files[2:]).text + '\n'


@pytest.mark.parametrize(('args', 'fact'), [(['none.json'], 'none.json'), ([], 'two files')])
def test_one_line_of_error(error_of, files, args, fact):
    assert fact in error_of('compare.py', files[0], *args)


def test_help(call_tool, capfd):
    with pytest.raises(SystemExit, match='0'):
        call_tool('compare.py', '--help')
    assert 'python tools/compare.py a0.json a1.json a2.json --against b0.json b1.json b2.json' in capfd.readouterr().out
