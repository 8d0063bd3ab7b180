"""Pictures of results, drawn with Pillow."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emonext.results import Face

# Okabe and Ito's colours, which colour-blind people can tell apart; further classes repeat them.
COLORS = ('#d55e00', '#009e73', '#cc79a7', '#f0e442', '#0072b2', '#e69f00', '#999999', '#56b4e9')
LANE, MARGIN, WIDTH = 26, 70, 1000  # px of the timeline


def annotate(pixels: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
    """The picture (H, W, 3) with the box, the label and its probability of each face; itself without a face."""
    if not faces:
        return pixels
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    side = max(image.size)
    font = ImageFont.load_default(max(12, side // 45))
    for face in faces:
        color = _color(list(face.probabilities).index(face.label))
        left, top, right, bottom = face.box
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), None, color, max(2, side // 300))
        text = f'{face.label} {100 * face.score:.0f} %' + ('' if face.track is None else f' #{face.track}')
        x0, y0, x1, y1 = draw.textbbox((0, 0), text, font=font)
        height = y1 - y0 + 6
        x = min(max(0, left), max(0, image.width - (x1 - x0) - 6))
        y = top - height if top >= height else min(bottom, max(0, image.height - height))
        draw.rectangle((x, y, x + x1 - x0 + 6, y + height), fill=color)
        draw.text((x + 3 - x0, y + 3 - y0), text, fill='black', font=font)
    return np.asarray(image)


def draw_timeline(spans: Mapping[int, Sequence[tuple[float, str]]], classes: Sequence[str]) -> Image.Image:
    """Draw the label of each track over time.

    Args:
        spans: for each track, times in seconds and labels, in order.
        classes: all labels, for the legend.
    """
    end = max((span[-1][0] for span in spans.values()), default=0.0) or 1.0
    image = Image.new('RGB', (MARGIN + WIDTH + 20, LANE * (len(spans) + 3) + 10), 'white')
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    for row, (track, span) in enumerate(spans.items()):
        top = 10 + row * LANE
        draw.text((6, top + 4), f'track {track}', fill='black', font=font)
        for (time, label), (after, _) in zip(span, [*span[1:], (span[-1][0] + end / WIDTH, '')]):
            left, right = (MARGIN + WIDTH * moment / end for moment in (time, after))
            draw.rectangle((left, top, max(left + 1, right), top + LANE - 6), fill=_color(classes.index(label)))
    bottom = 10 + len(spans) * LANE
    draw.line((MARGIN, bottom, MARGIN + WIDTH, bottom), fill='black')
    for step in range(6):
        x = MARGIN + WIDTH * step / 5
        draw.line((x, bottom, x, bottom + 4), fill='black')
        draw.text((x, bottom + 5), f'{end * step / 5:.1f} s', fill='black', font=font, anchor='ma')
    for i, name in enumerate(classes):
        x = MARGIN + i * WIDTH // len(classes)
        draw.rectangle((x, bottom + LANE + 6, x + 14, bottom + LANE + 20), fill=_color(i))
        draw.text((x + 20, bottom + LANE + 5), name, fill='black', font=font)
    return image


def _color(index: int) -> str:
    return COLORS[index % len(COLORS)]
