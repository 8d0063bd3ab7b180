"""The findings of an audit as plain data for programs and as text for people."""
from __future__ import annotations

import numpy as np
from rich.table import Table

from emonext_mm.audit.faces import Faces, named_as_duplicate
from emonext_mm.audit.findings import BLANK, Findings, Group, surplus
from emonext_mm.datasets.duplicates import LIMIT
from emonext_mm.datasets.splits import OFFICIAL_COUNTS, SPLITS
from emonext_mm.emotions import CLASSES
from emonext_mm.utils.tables import render

RULE = (f'exact: all pixels equal; near: root mean square difference of pixels at most {LIMIT:g} grey levels and '
        'at most half the standard deviation of the flatter image; groups are chains of such pairs')
_LISTED = 5  # examples of each kind in the text; the data contain all


def describe(found: Findings, faces: Faces) -> dict:
    """Findings as plain data for JSON. Images are named as in ``Faces.names``; the keys are stable:

    - ``format`` 2; ``sources``; ``images``; ``rule``
    - ``counts``: split -> class -> {found, official}; ``unlabelled``: split -> number
    - ``exact_duplicates``, ``all_duplicates``: {groups, surplus, share, contradicting}; share is of all images, 0 to 1
    - ``leaks``: list of {split, duplicates_in, exact, near}: numbers of images with a duplicate in another split
    - ``groups``: list of {images, exact, splits, labels, contradicts}, exact and near duplicates together
    - ``mirrored``: list of pairs; ``blank``, ``named_as_duplicates``: lists of images; ``unreadable``: list of lines
    - ``nearest_distances``: item i is the number of distinct images with the nearest neighbour at i to i+1 grey levels
    """
    def names(indices: np.ndarray) -> list[str]:
        return [faces.names[index] for index in indices.tolist()]

    return {
        'format': 2,
        'sources': faces.sources,
        'images': found.total,
        'rule': RULE,
        'counts': {split: {name: {'found': int(found.counts[i, j]), 'official': OFFICIAL_COUNTS[split][j]}
                           for j, name in enumerate(CLASSES)} for i, split in enumerate(SPLITS)},
        'unlabelled': dict(zip(SPLITS, found.unlabelled.tolist())),
        'exact_duplicates': _totals(found.exact, found.total),
        'all_duplicates': _totals(found.groups, found.total),
        'leaks': [{'split': SPLITS[leak.split], 'duplicates_in': SPLITS[leak.other], 'exact': leak.exact,
                   'near': leak.near} for leak in found.leaks],
        'groups': [{'images': names(group.indices), 'exact': group.exact, 'contradicts': group.contradicts,
                    'splits': [SPLITS[i] for i in group.splits], 'labels': [CLASSES[i] for i in group.labels]}
                   for group in found.groups],
        'mirrored': [names(pair) for pair in found.mirrored],
        'blank': names(found.blank),
        'named_as_duplicates': [name for name in faces.names if named_as_duplicate(name)],
        'unreadable': faces.faults,
        'nearest_distances': found.distances.tolist(),
    }


def format_report(report: dict) -> str:
    """Format the report of :func:`describe` as text."""
    return '\n'.join([
        f'{report["images"]} images of {", ".join(report["sources"])}',
        '', render(_count_table(report)),
        '', 'Duplicates', *(f'  {part}' for part in RULE.split('; ')),
        _duplicates('exact', report['exact_duplicates']),
        _duplicates('exact and near', report['all_duplicates']),
        *(_leak(leak, _size(report, leak['split'])) for leak in report['leaks']),
        *(f'  no images of {split} here: their duplicates in other splits are not found'
          for split in SPLITS if not _size(report, split)),
        '', *_histogram(report['nearest_distances']),
        '', 'Other',
        *_list('mirrored near duplicates (pairs)', [' = '.join(pair) for pair in report['mirrored']]),
        *_list(f'nearly constant (standard deviation under {BLANK:g})', report['blank']),
        *_list('files named as duplicates', report['named_as_duplicates']),
        *_list('files that cannot be read', report['unreadable'], all_of_them=True),
        *(['  FER2013 refuses this folder until they are removed'] if report['unreadable'] else []),
    ])


def _totals(groups: list[Group], total: int) -> dict:
    extra = surplus(groups)
    return {'groups': len(groups), 'surplus': extra, 'share': round(extra / total, 6),
            'contradicting': sum(group.contradicts for group in groups)}


def _size(report: dict, split: str) -> int:
    return sum(count['found'] for count in report['counts'][split].values()) + report['unlabelled'][split]


def _count_table(report: dict) -> Table:
    """Images by class and split, each with its difference from the official number."""
    table = Table('images', box=None, pad_edge=False)
    for split in SPLITS:
        table.add_column(f'{split} (vs official)', justify='right')
    for name in (*CLASSES, 'all'):
        table.add_row(name, *(_count_cell(report['counts'][split], name) for split in SPLITS))
    if any(report['unlabelled'].values()):
        table.add_row('no label', *(str(report['unlabelled'][split]) for split in SPLITS))
    return table


def _count_cell(counts: dict, name: str) -> str:
    chosen = [counts[name]] if name in counts else counts.values()
    found, official = (sum(count[key] for count in chosen) for key in ('found', 'official'))
    return f'{found} (=)' if found == official else f'{found} ({found - official:+})'


def _duplicates(kind: str, totals: dict) -> str:
    return (f'  {kind}: {totals["surplus"]} surplus images ({100 * totals["share"]:.2f} %) in {totals["groups"]} '
            f'groups, {totals["contradicting"]} of which have contradicting labels')


def _leak(leak: dict, size: int) -> str:
    both = leak['exact'] + leak['near']
    return (f'  {leak["split"]} images with a duplicate in {leak["duplicates_in"]}: {both} of {size} '
            f'({100 * both / size:.1f} %): {leak["exact"]} exact, {leak["near"]} near')


def _histogram(counts: list[int]) -> list[str]:
    lines = ['Distance of each image to its nearest neighbour (RMS, grey levels; equal images count once)']
    widest = max([*counts, 1])
    for distance, count in enumerate(counts):
        mark = '  <- limit' if distance == LIMIT - 1 else ''
        lines.append(f'  {distance:>2}-{distance + 1:<2} {count:>6} {"#" * round(40 * count / widest)}{mark}')
    return lines


def _list(title: str, items: list[str], all_of_them: bool = False) -> list[str]:
    shown = items if all_of_them else items[:_LISTED]
    more = [f'    and {len(items) - len(shown)} more'] if len(items) > len(shown) else []
    return [f'  {title}: {len(items)}', *(f'    {item}' for item in shown), *more]
