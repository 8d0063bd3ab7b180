"""What a prediction returns."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Face:
    """A face and its emotion.

    Attributes:
        box: left, top, right, bottom in pixels of the upright picture; may reach beyond its border.
        detected: whether a detector found the face. Otherwise the caller gave the box, or it is the whole picture.
        detection_score: the detector's score, 0 to 1; None without a detector.
        label: the most probable class.
        score: its probability.
        probabilities: probability of each class, calibrated where the model is; smoothed over time in a video.
        track: number of the person within a video; None in pictures.
    """

    box: tuple[float, float, float, float]
    detected: bool
    detection_score: float | None
    label: str
    score: float
    probabilities: dict[str, float]
    track: int | None = None


@dataclass(frozen=True)
class Result:
    """A picture, or a frame of a video, and its faces; no face is a result too.

    Attributes:
        source: path, or a name such as ``array 0``.
        width, height: of the upright picture, in pixels.
        faces: from the largest to the smallest.
        frame: number of the frame in a video, from 0; None for a picture.
        time: of the frame in the video, in seconds; None for a picture.
    """

    source: str
    width: int
    height: int
    faces: tuple[Face, ...]
    frame: int | None = None
    time: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as in ``emonext predict --json``."""
        content = asdict(self)
        content['faces'] = [{**face, 'box': list(face['box'])} for face in content['faces']]
        return content


def to_rows(results: Iterable[Result]) -> list[dict[str, Any]]:
    """One flat dict for each face, for ``pandas.DataFrame``; a picture without a face has one row without values.

    The columns: source, frame, time, face (its number in the picture), track, left, top, right, bottom, detected,
    detection_score, label, score, and ``p_<class>`` for each class.
    """
    return [row for result in results for row in _rows(result)]


COLUMNS = ('source', 'frame', 'time', 'face', 'track', 'left', 'top', 'right', 'bottom', 'detected', 'detection_score',
           'label', 'score')


def columns_of(classes: Iterable[str]) -> list[str]:
    """Names of the columns of :func:`to_rows`."""
    return [*COLUMNS, *(f'p_{name}' for name in classes)]


def _rows(result: Result) -> list[dict[str, Any]]:
    empty = dict.fromkeys(COLUMNS) | dict(source=result.source, frame=result.frame, time=result.time)
    if not result.faces:
        return [empty]
    return [{
        **empty, 'face': index, 'track': face.track, **dict(zip(('left', 'top', 'right', 'bottom'), face.box)),
        'detected': face.detected, 'detection_score': face.detection_score, 'label': face.label, 'score': face.score,
        **{f'p_{name}': value for name, value in face.probabilities.items()},
    } for index, face in enumerate(result.faces)]
