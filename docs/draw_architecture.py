"""Draw the architecture of EmoNeXt-tiny as an SVG file: the figure of the README and of the manual.

    python docs/draw_architecture.py            # writes resources/architecture.svg

El Boudouri & Bohi, "EmoNeXt: an Adapted ConvNeXt for Facial Emotion Recognition", MMSP 2023, figure 1 and section III.
The script needs the standard library alone, and the same script always writes the same bytes.
"""
from __future__ import annotations

from html import escape
from pathlib import Path

FIGURE = Path(__file__).resolve().parents[1] / 'resources' / 'architecture.svg'
WIDTH, HEIGHT = 1280, 590
MIDDLE = 196  # y of the main line

INK, MUTED, LINE, PAPER = '#1f2937', '#6b7280', '#9ca3af', '#ffffff'
BLUE, TEAL, AMBER, VIOLET = '#2563eb', '#0f766e', '#b45309', '#7c3aed'
PALE = {BLUE: '#eff6ff', TEAL: '#f0fdfa', AMBER: '#fffbeb', VIOLET: '#f5f3ff'}

# Blocks, channels and side in pixels of each stage for an image of 224 px (Liu et al., CVPR 2022, table 9), then the
# width and height of its drawing.
STAGES = ((3, 96, 56, 20, 160), (3, 192, 28, 32, 118), (9, 384, 14, 52, 82), (3, 768, 7, 80, 54))
EMOTIONS = (('angry', 3), ('disgust', 2), ('fear', 5), ('happy', 100), ('sad', 4), ('surprise', 12), ('neutral', 8))


def text(x: float, y: float, content: str, size: int = 13, color: str = INK, anchor: str = 'middle',
         weight: int = 400) -> str:
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{color}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(content)}</text>')


def box(x: float, y: float, width: float, height: float, fill: str = PAPER, stroke: str = LINE, radius: int = 8,
        more: str = '') -> str:
    return (f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}" fill="{fill}" '
            f'stroke="{stroke}" {more}/>')


def arrow(*points: tuple[float, float], color: str = LINE, dashed: bool = False) -> str:
    path = ' L'.join(f'{x:g} {y:g}' for x, y in points)
    dash = ' stroke-dasharray="5 4"' if dashed else ''
    return (f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="1.8"{dash} '
            f'marker-end="url(#tip{color[1:]})"/>')


def face(x: float, y: float, turn: float = 0, frame: bool = False) -> str:
    """A smiling face of 120 px, turned by ``turn`` degrees, with the frame that the STN samples."""
    head = (
        '<ellipse cx="0" cy="4" rx="33" ry="42" fill="#d1d5db"/>'
        '<path d="M-36 -4 C-38 -56 38 -56 36 -4 C28 -26 -28 -26 -36 -4 Z" fill="#111827"/>'
        '<g fill="none" stroke="#1f2937" stroke-width="3" stroke-linecap="round">'
        '<path d="M-22 -12 Q-14 -18 -7 -13"/><path d="M22 -12 Q14 -18 7 -13"/>'
        '<path d="M0 -2 Q-5 12 2 13"/></g>'
        '<g fill="#1f2937"><ellipse cx="-14" cy="-3" rx="4.5" ry="4"/><ellipse cx="14" cy="-3" rx="4.5" ry="4"/>'
        '<path d="M-17 22 Q0 27 17 22 Q10 40 0 40 Q-10 40 -17 22 Z"/></g>'
        '<path d="M-13 24.5 Q0 28.5 13 24.5 L11 28 Q0 31 -11 28 Z" fill="#f9fafb"/>'
    )
    sampled = (f'<rect x="-42" y="-44" width="84" height="96" rx="3" fill="none" stroke="{BLUE}" stroke-width="2.5" '
               'stroke-dasharray="6 4"/>') if frame else ''
    scale = 0.94 if frame else 1.2
    return (f'<g clip-path="url(#tile)" transform="translate({x:g} {y:g})"><rect width="120" height="120" '
            f'fill="#4b5563"/><g transform="translate(60 58) rotate({turn:g}) scale({scale})">{head}{sampled}</g></g>')


def cuboid(x: float, width: float, height: float) -> str:
    top, depth = MIDDLE - height / 2, 12
    side = (f'M{x:g} {top:g} l{depth} -{depth} h{width:g} v{height:g} l-{depth} {depth} v-{height:g} z '
            f'M{x + width:g} {top:g} l{depth} -{depth}')
    return (f'<path d="{side}" fill="#99d8cf" stroke="{TEAL}" stroke-linejoin="round"/>'
            + box(x, top, width, height, '#ccf0ea', TEAL, 1))


def chain(x: float, y: float, steps: tuple[tuple[str, int], ...], color: str, gap: int = 16) -> str:
    """Boxes of the given widths in a row, with an arrow from each to the next; ⊕ and ⊗ are circles."""
    parts = []
    for i, (name, width) in enumerate(steps):
        if name in '⊕⊗':
            parts.append(f'<circle cx="{x + width / 2:g}" cy="{y:g}" r="{width / 2:g}" fill="{PAPER}" '
                         f'stroke="{color}"/>' + text(x + width / 2, y + 5, '+' if name == '⊕' else '×', 15))
        else:
            parts += [box(x, y - 19, width, 38, stroke=color), text(x + width / 2, y + 4.5, name)]
        x += width
        if i < len(steps) - 1:
            parts.append(arrow((x + 1, y), (x + gap - 2, y), color=color))
        x += gap
    return ''.join(parts)


def skip(start: float, first: float, end: float, y: float, color: str) -> str:
    """The way from the input at ``start`` into the first box, and the one around the boxes to the circle at ``end``."""
    return (arrow((start - 6, y), (first - 2, y), color=color)
            + arrow((start, y), (start, y + 46), (end, y + 46), (end, y + 15), color=color))


def panel(x: float, width: float, title: str, note: str, color: str) -> str:
    return (box(x, 352, width, 206, PALE[color], color, 12, 'stroke-opacity="0.35"')
            + text(x + 20, 380, title, 15, color, 'start', 600) + text(x + 20, 400, note, 12, MUTED, 'start'))


def draw_input() -> str:
    top = MIDDLE - 60
    return ''.join([
        face(36, top, -24, frame=True), text(96, top + 142, 'face, 48 × 48, grey', 12, MUTED),
        arrow((162, MIDDLE), (192, MIDDLE)),
        box(198, MIDDLE - 84, 172, 168, PALE[BLUE], BLUE, 12),
        text(284, MIDDLE - 57, 'Spatial Transformer', 15, BLUE, weight=600),
        box(216, MIDDLE - 42, 136, 34, stroke=BLUE), text(284, MIDDLE - 20, 'localisation net'),
        arrow((284, MIDDLE - 7), (284, MIDDLE + 33), color=BLUE),
        text(294, MIDDLE + 18, 'θ, 2 × 3', 12, BLUE, 'start'),
        box(216, MIDDLE + 35, 136, 34, stroke=BLUE), text(284, MIDDLE + 57, 'affine warp'),
        arrow((376, MIDDLE), (406, MIDDLE)),
        face(412, top), text(472, top + 142, 'what the backbone sees', 12, MUTED),
    ])


def draw_backbone() -> str:
    parts = [arrow((538, MIDDLE), (584, MIDDLE)), text(560, MIDDLE - 10, 'stem', 12, MUTED),
             text(560, MIDDLE + 20, '4 × 4', 12, MUTED)]
    x = 590
    for blocks, channels, side, width, height in STAGES:
        plate = x + width + 22
        parts += [
            cuboid(x, width, height),
            box(plate, MIDDLE - height / 2, 9, height, '#fcd34d', AMBER, 2),
            text(plate + 4.5, MIDDLE - height / 2 - 9, 'SE', 12, AMBER, weight=600),
            text(x + width / 2, 318, f'{blocks} blocks', 12), text(x + width / 2, 335, f'{channels}', 12, TEAL),
            text(x + width / 2, MIDDLE + height / 2 + 17, f'{side} × {side}', 11, MUTED),
        ]
        x = plate + 9 + 12
        parts.append(arrow((plate + 11, MIDDLE), (x + 8, MIDDLE)))
        x += 12
    parts.append(text(784, 74, 'ConvNeXt with Squeeze-and-Excitation after each stage', 15, TEAL, weight=600))
    return ''.join(parts)


def draw_head() -> str:
    top, cell = MIDDLE - 63, 14
    shades = (0.75, 0.2, 0.5, 0.95, 0.35, 0.6, 0.15, 0.85, 0.45)
    vector = ''.join(f'<rect x="1014" y="{top + i * cell}" width="14" height="{cell}" fill="{INK}" '
                     f'fill-opacity="{shade}" stroke="{PAPER}"/>' for i, shade in enumerate(shades))
    bars = ''.join(
        text(1142, top + 13 + i * 18, name, 12, INK if share == 100 else MUTED, 'end', 600 if share == 100 else 400)
        + f'<rect x="1150" y="{top + 3 + i * 18}" width="{share * 0.9:g}" height="12" rx="2" '
          f'fill="{TEAL if share == 100 else LINE}"/>'
        for i, (name, share) in enumerate(EMOTIONS))
    return ''.join([
        vector, text(1021, top - 26, 'features f', 13, weight=600), text(1021, top - 10, '768', 12, TEAL),
        arrow((1032, MIDDLE), (1078, MIDDLE)), text(1055, MIDDLE - 10, 'linear', 12, MUTED),
        bars, text(1152, top - 26, 'seven emotions', 13, weight=600),
        arrow((1021, top + 9 * cell + 4), (1021, 350), color=VIOLET, dashed=True),
        text(1032, 332, 'in training only', 12, VIOLET, 'start'),
    ])


def draw_panels() -> str:
    middle = 470
    block = (('7 × 7, depthwise', 112), ('LN', 34), ('C → 4C', 60), ('GELU', 50), ('4C → C', 60), ('⊕', 24))
    gates = (('mean', 54), ('C/16, ReLU', 88), ('C, sigmoid', 78), ('⊗', 24))
    shades = (9, 3, 2, 4, 2, 3, 7, 3, 2, 4, 2, 4, 8, 3, 3, 4, 2, 3, 9, 2, 3, 4, 2, 3, 7)
    matrix = ''.join(f'<rect x="{970 + i % 5 * 15}" y="{middle - 37 + i // 5 * 15}" width="14" height="14" rx="1" '
                     f'fill="{VIOLET}" fill-opacity="{shade / 10:g}"/>' for i, shade in enumerate(shades))
    return ''.join([
        panel(36, 464, 'ConvNeXt block', 'Liu et al., 2022', TEAL),
        chain(56, middle, block, TEAL),
        skip(46, 56, 464, middle, TEAL),
        text(258, middle + 66, 'residual', 12, MUTED),
        panel(520, 336, 'Squeeze-and-Excitation', 'Hu et al., 2018', AMBER),
        chain(556, middle, gates, AMBER),
        skip(540, 556, 836, middle, AMBER),
        text(684, middle + 66, 'a gate for each channel', 12, MUTED),
        panel(876, 368, 'Self-attention regulariser', 'of the features; costs nothing in a test', VIOLET),
        text(908, middle - 8, 'q, k', 15, weight=600), text(908, middle + 10, 'linear', 12, MUTED),
        arrow((932, middle), (962, middle), color=VIOLET), matrix,
        text(1007, middle + 66, 'softmax of q k / √C', 12, MUTED),
        arrow((1052, middle), (1082, middle), color=VIOLET),
        box(1086, middle - 34, 142, 68, stroke=VIOLET),
        text(1157, middle - 8, 'cross entropy'), text(1157, middle + 18, '+ λ · variance', color=VIOLET, weight=600),
        text(1157, middle + 66, 'loss', 12, MUTED),
    ])


def draw() -> str:
    tips = ''.join(
        f'<marker id="tip{color[1:]}" viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth="6" markerHeight="6" '
        f'orient="auto"><path d="M0 0.6 L7 4 L0 7.4 z" fill="{color}"/></marker>'
        for color in (LINE, BLUE, TEAL, AMBER, VIOLET))
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title" '
        'font-family="Inter, \'Segoe UI\', \'Helvetica Neue\', Arial, sans-serif">',
        '<title id="title">Architecture of EmoNeXt: Spatial Transformer, ConvNeXt with Squeeze-and-Excitation, '
        'linear head, self-attention regulariser</title>',
        f'<defs>{tips}<clipPath id="tile"><rect width="120" height="120" rx="10"/></clipPath></defs>',
        box(0.5, 0.5, WIDTH - 1, HEIGHT - 1, PAPER, '#e5e7eb', 18),
        text(36, 48, 'EmoNeXt', 24, weight=700, anchor='start'),
        text(158, 48, 'tiny, at 224 × 224 pixels', 14, MUTED, 'start'),
        draw_input(), draw_backbone(), draw_head(), draw_panels(),
        '</svg>', ''])


if __name__ == '__main__':
    FIGURE.write_text(draw(), encoding='utf-8')
    print(FIGURE)
