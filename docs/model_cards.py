"""Tables of the model cards, from the metadata of the trained models in the package."""
from __future__ import annotations

import json
from pathlib import Path

from safetensors import safe_open


def model_cards(folder: Path) -> dict[str, str]:
    """Markdown by the name ``card_<file>`` for each .safetensors file of a folder."""
    return {f'card_{path.stem}': _format(path) for path in sorted(folder.glob('*.safetensors'))}


def _format(path: Path) -> str:
    with safe_open(path, 'np') as file:
        card = json.loads(file.metadata()['emonext_mm'])
    figures = card['figures']
    size = f'{figures["parameters"]:,}, {path.stat().st_size / 1e6:.1f} MB in float16'
    return '\n\n'.join([
        _table(['', ''], [['parameters', size], ['epoch', f'{card["epoch"]}, {card["weights"]} weights'],
                          *([key, f'`{value}`'] for key, value in card['provenance'].items())]),
        '### Accuracy', _headlines(figures), '### Per class', _classes(figures['classes']),
        '### Calibration', _calibration(figures), '### Changed faces', *map(_changes, figures['robustness'].items()),
        _table(['largest loss', 'points lost', 'condition'],
               [[goal, f'{row["loss"]:+.2f}', row['condition']] for goal, row in figures['goals'].items()]),
    ])


def _headlines(figures: dict) -> str:
    rows = []
    for key in ('single_view', 'ten_crops'):
        found = figures[key]
        rows.append([key.replace('_', ' '), _accuracy(found), _accuracy(found['leak_free']),
                     *(f'{found[name]:.2f} %' for name in ('macro_f1', 'uar'))])
    return _table(['', 'accuracy', 'leak-free accuracy', 'macro-F1', 'UAR'], rows)


def _accuracy(found: dict) -> str:
    return f'{found["accuracy"]:.2f} % ({found["ci95_low"]:.2f} to {found["ci95_high"]:.2f})'


def _classes(classes: dict) -> str:
    return _table(['', 'images', 'precision', 'recall', 'F1'], [
        [name, row['samples'], *(f'{row[score]:.1f} %' for score in ('precision', 'recall', 'f1-score'))]
        for name, row in classes.items()])


def _calibration(figures: dict) -> str:
    found = figures['calibration']
    return _table(['temperature', 'ECE before', 'ECE after, cross-fitted'], [
        [f'{found["temperature"]:.3f}', f'{found["ece_before"]:.2f} %', f'{found["ece_after"]:.2f} %']])


def _changes(group: tuple[str, dict]) -> str:
    name, conditions = group
    short = {condition: condition.removeprefix(name).strip() for condition in conditions}
    return _table([name, *short.values()], [
        ['accuracy, %', *(f'{row["accuracy"]:.2f}' for row in conditions.values())],
        ['points lost', *(f'{row["loss"]:+.2f}' for row in conditions.values())]])


def _table(header: list, rows: list[list]) -> str:
    return '\n'.join(f'| {" | ".join(map(str, row))} |' for row in [header, ['---'] * len(header), *rows])
