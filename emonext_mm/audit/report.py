"""The findings of an audit as text for a person and as plain data for a program."""
from __future__ import annotations

import numpy as np

from emonext_mm.audit.faces import Faces, looks_like_a_copy
from emonext_mm.audit.findings import BLANK, SPLITS, Audit, Group, surplus
from emonext_mm.datasets.duplicates import LIMIT
from emonext_mm.datasets.fer2013 import OFFICIAL_COUNTS
from emonext_mm.emotions import CLASSES

RULE = (f'exact: all pixels equal; near: root mean square difference of pixels at most {LIMIT:g} grey levels and '
        'at most half the standard deviation of the flatter picture; groups are chains of such pairs')
_LISTED = 5  # of each kind in the text; the data hold all


def to_plain(found: Audit, faces: Faces) -> dict:
    """The findings as JSON takes them. Images are named as in ``Faces.names``; the keys are stable:

    - ``format`` 1; ``sources``; ``images``; ``rule``
    - ``counts``: split -> class -> {found, official}; ``unlabelled``: split -> number
    - ``exact_copies``, ``all_copies``: {groups, surplus, share, contradicting}; share is of all images, 0 to 1
    - ``leaks``: list of {split, copies_in, exact, near}: images of a split with a copy in another
    - ``groups``: list of {images, exact, splits, labels, contradicts}, exact and near copies together
    - ``mirrored``: list of pairs; ``blank``, ``named_as_copies``: lists of images; ``unreadable``: list of lines
    - ``nearest_distances``: number of different pictures whose nearest other one is i to i + 1 grey levels off
    """
    def names(places: np.ndarray) -> list[str]:
        return [faces.names[place] for place in places.tolist()]

    return {
        'format': 1,
        'sources': faces.sources,
        'images': found.total,
        'rule': RULE,
        'counts': {split: {name: {'found': int(found.counts[i, j]), 'official': OFFICIAL_COUNTS[split][j]}
                           for j, name in enumerate(CLASSES)} for i, split in enumerate(SPLITS)},
        'unlabelled': dict(zip(SPLITS, found.unlabelled.tolist())),
        'exact_copies': _totals(found.exact, found.total),
        'all_copies': _totals(found.groups, found.total),
        'leaks': [{'split': SPLITS[c.split], 'copies_in': SPLITS[c.other], 'exact': c.exact, 'near': c.near}
                  for c in found.crossings],
        'groups': [{'images': names(group.places), 'exact': group.exact, 'contradicts': group.contradicts,
                    'splits': [SPLITS[i] for i in group.splits], 'labels': [CLASSES[i] for i in group.labels]}
                   for group in found.groups],
        'mirrored': [names(pair) for pair in found.mirrored],
        'blank': names(found.blank),
        'named_as_copies': [name for name in faces.names if looks_like_a_copy(name)],
        'unreadable': faces.faults,
        'nearest_distances': found.distances.tolist(),
    }


def to_text(plain: dict) -> str:
    """The report that a person reads, from ``to_plain``."""
    return '\n'.join([
        f'{plain["images"]} images of {", ".join(plain["sources"])}',
        '', *_counts(plain),
        '', 'Copies', *_wrapped(RULE),
        *(_copies(name, plain[key]) for name, key in (('exact', 'exact_copies'), ('exact and near', 'all_copies'))),
        *(_leak(leak, sum(n['found'] for n in plain['counts'][leak['split']].values())
                + plain['unlabelled'][leak['split']]) for leak in plain['leaks']),
        *_absent(plain),
        '', *_histogram(plain['nearest_distances']),
        '', 'Other',
        *_list('mirrored near copies (pairs)', [' = '.join(pair) for pair in plain['mirrored']]),
        *_list(f'nearly constant (standard deviation under {BLANK:g})', plain['blank']),
        *_list('files named as copies', plain['named_as_copies']),
        *_list('files that cannot be read', plain['unreadable'], all_of_them=True),
        *(['  FER2013 refuses this folder until they are gone'] if plain['unreadable'] else []),
    ])


def _totals(groups: list[Group], total: int) -> dict:
    extra = surplus(groups)
    return {'groups': len(groups), 'surplus': extra, 'share': round(extra / total, 6),
            'contradicting': sum(group.contradicts for group in groups)}


def _counts(plain: dict) -> list[str]:
    lines = [f'{"Images":<9}' + ''.join(f'{split + " (official)":>20}' for split in SPLITS)]
    for name in (*CLASSES, 'all'):
        cells = []
        for split in SPLITS:
            cell = plain['counts'][split]
            chosen = [cell[name]] if name in cell else list(cell.values())
            found, official = (sum(each[key] for each in chosen) for key in ('found', 'official'))
            cells.append(f'{found}' + (f' ({found - official:+})' if found != official else ' (=)'))
        lines.append(f'{name:<9}' + ''.join(f'{cell:>20}' for cell in cells))
    if any(plain['unlabelled'].values()):
        lines.append(f'{"no label":<9}' + ''.join(f'{n:>20}' for n in plain['unlabelled'].values()))
    return lines


def _copies(name: str, totals: dict) -> str:
    return (f'  {name}: {totals["surplus"]} surplus images ({100 * totals["share"]:.2f} %) in {totals["groups"]} '
            f'groups, {totals["contradicting"]} of which contradict in label')


def _leak(leak: dict, size: int) -> str:
    both = leak['exact'] + leak['near']
    return (f'  {leak["split"]} images with a copy in {leak["copies_in"]}: {both} of {size} '
            f'({100 * both / size:.1f} %): {leak["exact"]} exact, {leak["near"]} near')


def _absent(plain: dict) -> list[str]:
    empty = [split for split in SPLITS
             if not plain['unlabelled'][split] + sum(n['found'] for n in plain['counts'][split].values())]
    return [f'  no images of {split} here: its copies elsewhere go unnoticed' for split in empty]


def _histogram(counts: list[int]) -> list[str]:
    lines = ['Nearest other picture of each (RMS, grey levels; equal ones counted as one)']
    widest = max([*counts, 1])
    for distance, count in enumerate(counts):
        mark = '  <- limit' if distance == LIMIT - 1 else ''
        lines.append(f'  {distance:>2}-{distance + 1:<2} {count:>6} {"#" * round(40 * count / widest)}{mark}')
    return lines


def _list(title: str, items: list[str], all_of_them: bool = False) -> list[str]:
    shown = items if all_of_them else items[:_LISTED]
    more = [f'    and {len(items) - len(shown)} more'] if len(items) > len(shown) else []
    return [f'  {title}: {len(items)}', *(f'    {item}' for item in shown), *more]


def _wrapped(text: str) -> list[str]:
    return [f'  {part}' for part in text.split('; ')]
