"""``emonext info``."""
from __future__ import annotations

import argparse
import json

from emonext.classifier import OnnxClassifier
from emonext.command.outputs import writing
from emonext.errors import EmonextError, one_line


def run(args: argparse.Namespace) -> int:
    """Print the model card."""
    classifier = OnnxClassifier(args.model, threads=1)
    try:
        text = (json.dumps(classifier.meta, indent=1, ensure_ascii=False) if args.json
                else '\n'.join(map(one_line, describe(classifier))))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EmonextError(f'{classifier.path}: its model card is incomplete ({error}); --json prints it') from None
    with writing('stdout'):
        print(text)
    return 0


def describe(classifier: OnnxClassifier) -> list[str]:
    """Lines of a model card: what the file says of itself."""
    meta = classifier.meta
    origin = meta.get('provenance') or {}
    lines = [
        f'model        {classifier.path} ({classifier.path.stat().st_size / 1e6:.1f} MB)',
        f'config       {meta.get("config")}, {_progress(meta)}, {meta.get("weights", "unknown")} weights',
        f'classes      {", ".join(classifier.classes)}',
        f'input        {"grey" if classifier.channels == 1 else "RGB"} faces, {classifier.size} x {classifier.size} px',
        *(f'{key:<12} {origin[key]}' for key in ('data', 'command', 'commit', 'trained', 'published') if key in origin),
    ]
    figures = meta.get('figures')
    if not figures:
        return [*lines, 'figures      none in this file']
    conditions = figures['conditions']
    lines.append(f'measured on  {conditions["dataset"]["type"]}, {conditions["split"]}, {conditions["samples"]} faces, '
                 'which also chose the epoch and the temperature')
    for key, name in (('single_view', 'accuracy'), ('ten_crops', 'ten crops')):
        found = figures[key]
        lines.append(f'{name:<12} {found["accuracy"]:.2f} % ({found["ci95_low"]:.2f} to {found["ci95_high"]:.2f}), '
                     f'macro-F1 {found["macro_f1"]:.2f} %, UAR {found["uar"]:.2f} %, calibration error '
                     f'{found["ece"]:.2f} %')
    recalls = ', '.join(f'{name} {row["recall"]:.0f} %' for name, row in figures['classes'].items())
    lines.append(f'per class    {recalls} (recall)')
    for goal, row in figures['goals'].items():
        lines.append(f'{goal}: at most {row["loss"]:.2f} points lost ({row["condition"]})')
    return [*lines, '', 'A prediction is the label that a person would give to the picture, not what somebody feels.']


def _progress(meta: dict) -> str:
    """How far the training came: a training by iterations has no epochs."""
    if not meta.get('epoch') and meta.get('iteration'):
        return f'iteration {meta["iteration"]}'
    return f'epoch {meta.get("epoch") or "unknown"}'
