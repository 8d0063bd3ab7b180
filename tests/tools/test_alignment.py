"""tools/alignment.py from the command line; tests/apis/test_alignment.py tests what it measures."""
import json

from emonext_mm.evaluation.robustness import CURVES
from emonext_mm.experiments.lists import read_list


def test_tables_and_files(call_tool, config, tmp_path, capfd):
    """From the file of a finished experiment."""
    folder = tmp_path / 'work' / 'full' / 'seed_3'
    folder.mkdir(parents=True)
    (folder / 'best_it.pth').touch()
    points = {name: {f'{value:g}': 12.5 for value in changes} for name, changes in CURVES.items()}
    (tmp_path / 'list.yml').write_text(f"runs: {{full: {{config: '{config}'}}}}")
    settings = read_list(tmp_path / 'list.yml', [3], tmp_path)[0].cfg.pretty_text
    (folder / 'alignment.json').write_text(json.dumps(dict(settings=settings, checkpoint='best_it.pth', curves=points)))
    call_tool('alignment.py', tmp_path / 'list.yml', '--seeds', '3', '--work-dir', tmp_path / 'work', '--out', tmp_path)
    printed = capfd.readouterr().out
    assert printed.count('12.50') == sum(map(len, CURVES.values()))
    assert all(str(tmp_path / name) in printed for name in ('alignment.json', 'alignment.png'))
    assert json.loads((tmp_path / 'alignment.json').read_text())['full']['scale']['1.25'] == [12.5]


def test_without_a_training(error_of, config, tmp_path):
    (tmp_path / 'list.yml').write_text(f"runs: {{full: {{config: '{config}'}}}}")
    assert 'seed_0' in error_of('alignment.py', tmp_path / 'list.yml', '--work-dir', tmp_path / 'work')
