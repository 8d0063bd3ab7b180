"""The page's computations, each alone, are those of Pillow and of emonext."""
import base64

import numpy as np

from emonext.crops import crop_face
from emonext.faces.base import shrink
from emonext.tracks import Smoother, Tracker
from tests.browser.pages import *  # noqa: F403, its fixtures

PIXELS = """async ([module, name, bytes, width, height, options]) => {
    const data = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
    const result = (await import(module))[name]({ width, height, channels: 3, data }, ...options);
    return Array.from(result.picture?.data ?? result);
}"""


def compute(page, module, name, picture, *options):
    """Values of a function of the page for a picture."""
    height, width = picture.shape[:2]
    content = base64.b64encode(picture.tobytes()).decode()
    return page.evaluate(PIXELS, [f'./local/{module}.js', name, content, width, height, options])


def test_crops_are_pillows(folder_page):
    """To the last bit, for random pictures, boxes and sizes."""
    generator = np.random.default_rng(0)
    for size, channels, part in [(48, 1, 1), (20, 3, 0.875), (64, 1, 44 / 48), (7, 3, 1)] * 6:
        picture = generator.integers(0, 256, (*generator.integers(1, 160, 2), 3), np.uint8)
        left, top, side = generator.uniform([-40, -40, 1], [100, 100, 200]).round(1).tolist()
        box = left, top, left + side, top + side  # a square, as boxes are in a prediction
        expected = crop_face(picture, box, size, channels, part).ravel().tolist()
        assert compute(folder_page, 'crops', 'cropFace', picture, box, size, channels, part) == expected


def test_shrinking_is_pillows(folder_page):
    """To the last bit, with and without a first reduction by blocks, whole and cut ones."""
    generator = np.random.default_rng(0)
    for side in (8, 20, 33, 64, 100, 150, 151, 400):
        picture = generator.integers(0, 256, (generator.integers(200, 300), 301, 3), np.uint8)
        expected, _ = shrink(picture, side)
        assert compute(folder_page, 'shrink', 'shrink', picture, side) == expected.ravel().tolist()


TRACKS = """async (frames) => {
    const { Tracker, Smoother } = await import('./local/tracks.js');
    const [tracker, smoother] = [new Tracker(), new Smoother(0.5)];
    return frames.map(({ time, boxes, values }) => {
        const tracks = tracker.update(boxes, time);
        smoother.keep(tracker.living);
        return [tracks, tracks.map((track, i) => smoother.update(track, values[i], time))];
    });
}"""


def test_tracks_and_smoothing(folder_page):
    """Three faces that wander, meet, leave for up to three seconds and come back, at uneven times."""
    generator = np.random.default_rng(0)
    centres, frames, time = generator.uniform(0, 60, (3, 2)), [], 0.0
    for _ in range(300):
        centres += generator.normal(0, 4, (3, 2))
        time += float(generator.choice([0.04, 0.04, 0.04, 0.9, 3.0], p=[0.3, 0.3, 0.3, 0.08, 0.02]))
        seen = centres[generator.permutation(3)[:generator.integers(1, 4)]]
        frames.append(dict(time=time, boxes=np.concatenate([seen - 15, seen + 15], 1).tolist(),
                           values=generator.random((len(seen), 2)).tolist()))
    tracker, smoother = Tracker(), Smoother(0.5)
    found = folder_page.evaluate(TRACKS, frames)
    for frame, (tracks, means) in zip(frames, found):
        assert tracks == tracker.update(frame['boxes'], frame['time'])
        smoother.keep(tracker.living)
        expected = [smoother.update(track, np.array(values), frame['time'])
                    for track, values in zip(tracks, frame['values'])]
        np.testing.assert_allclose(means, expected, rtol=1e-12)
    assert max(max(tracks) for tracks, _ in found) > 20
