"""Tables of the model cards, from the metadata of the trained models in the package."""
from __future__ import annotations

from pathlib import Path

from emonext_mm.evaluation.measurement import measurement_parts
from emonext_mm.models.weights.packaged import load_from_safetensors


def model_cards(folder: Path) -> dict[str, str]:
    """Markdown by the name ``card_<file>`` for each .safetensors file of a folder."""
    return {f'card_{path.stem}': _format(path) for path in sorted(folder.glob('*.safetensors'))}


def _format(path: Path) -> str:
    card = load_from_safetensors(path)['meta']
    figures = card['figures']
    facts = [['parameters', f'{figures["parameters"]:,}, {path.stat().st_size / 1e6:.1f} MB in float16'],
             ['epoch', f'{card["epoch"]}, {card["weights"]} weights'],
             *([key, f'`{value}`'] for key, value in card['provenance'].items())]
    parts = {'Origin': (['', ''], facts), **measurement_parts(figures)}
    return '\n\n'.join(f'### {title}\n\n{part if isinstance(part, str) else _markdown(*part)}'
                       for title, part in parts.items())


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    return '\n'.join(f'| {" | ".join(row)} |' for row in [header, ['---'] * len(header), *rows])
