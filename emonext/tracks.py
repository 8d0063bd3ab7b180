"""Persons in a video: tracks by overlap, probabilities smoothed over time, a summary."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from emonext.boxes import Box, overlap

OVERLAP = 0.3  # smallest intersection over union of a face and its box in the last frame that showed it
PATIENCE = 1.0  # seconds without a face until a track ends


class Tracker:
    """Greedy tracking by intersection over union (Bochinski et al., "High-Speed Tracking-by-Detection Without Using
    Image Information", 2017), with tracks that survive short gaps.

    The pair of a track and a face with the largest overlap is matched first. A face without a match begins a track.
    """

    def __init__(self) -> None:
        self._last: dict[int, tuple[Box, float]] = {}  # box and time by track
        self._before = 0.0  # time of the frame before
        self._count = 0

    def update(self, boxes: Sequence[Box], time: float) -> list[int]:
        """Track of each box of a frame at a time in seconds.

        A track lives while a face of it was seen in the frame before, or at most ``PATIENCE`` seconds ago.
        """
        oldest = min(self._before, time - PATIENCE)
        self._last = {track: (box, seen) for track, (box, seen) in self._last.items() if seen >= oldest}
        self._before = time
        pairs = sorted(((overlap(box, last), -track, i) for track, (last, _) in self._last.items()
                        for i, box in enumerate(boxes)), reverse=True)
        tracks: dict[int, int] = {}
        taken: set[int] = set()
        for common, negative, i in pairs:
            if common >= OVERLAP and i not in tracks and -negative not in taken:
                tracks[i] = -negative
                taken.add(-negative)
        for i in range(len(boxes)):
            if i not in tracks:
                tracks[i] = self._count
                self._count += 1
        self._last.update({tracks[i]: (box, time) for i, box in enumerate(boxes)})
        return [tracks[i] for i in range(len(boxes))]

    @property
    def living(self) -> Collection[int]:
        """Tracks that the next face may belong to."""
        return self._last.keys()


class Smoother:
    """Exponential mean of probabilities over time, so that frame rates, also variable ones, do not matter.

    The weight of a frame halves with every ``half_life`` seconds::

        mean(t) = w * mean(t - dt) + (1 - w) * p(t),  w = 2 ** (-dt / half_life)

    Args:
        half_life: in seconds; 0 for no smoothing.
    """

    def __init__(self, half_life: float) -> None:
        self.half_life = half_life
        self._means: dict[int, tuple[np.ndarray, float]] = {}  # mean and time by track

    def update(self, track: int, probabilities: np.ndarray, time: float) -> np.ndarray:
        """Mean (K,) of a track with its probabilities (K,) at a time in seconds."""
        if self.half_life > 0 and track in self._means:
            mean, before = self._means[track]
            weight = 2.0 ** (-max(0.0, time - before) / self.half_life)
            probabilities = weight * mean + (1 - weight) * probabilities
        self._means[track] = probabilities, time
        return probabilities

    def keep(self, tracks: Collection[int]) -> None:
        """Drop all other tracks, which have ended."""
        self._means = {track: found for track, found in self._means.items() if track in tracks}


class Follower:
    """The persons of one video: their tracks and their probabilities smoothed over time.

    Args:
        half_life: see :class:`Smoother`.
    """

    def __init__(self, half_life: float) -> None:
        self._tracker, self._smoother = Tracker(), Smoother(half_life)

    def update(self, boxes: Sequence[Box], probabilities: np.ndarray, time: float) -> tuple[list[int], np.ndarray]:
        """Tracks and smoothed probabilities (N, K) of the N faces of a frame at a time in seconds."""
        tracks = self._tracker.update(boxes, time)
        self._smoother.keep(self._tracker.living)
        smoothed = [self._smoother.update(track, each, time) for track, each in zip(tracks, probabilities)]
        return tracks, np.array(smoothed).reshape(probabilities.shape)


@dataclass
class TrackSummary:
    """Time of a track, in seconds, in total and by label. Each frame counts until the next frame of its track."""

    begin: float
    end: float
    seconds: dict[str, float] = field(default_factory=dict)
    last: str = ''

    def add(self, label: str, time: float) -> None:
        """Add a frame."""
        self.seconds[self.last] = self.seconds.get(self.last, 0.0) + time - self.end
        self.end, self.last = time, label

    def shares(self) -> dict[str, float]:
        """Share of the time by label, the largest first; the only label of a track of a single frame has 1."""
        total = sum(self.seconds.values())
        if not total:
            return {self.last: 1.0}
        return {label: seconds / total for label, seconds in sorted(self.seconds.items(), key=lambda item: -item[1])}


class Summary:
    """Summaries of all tracks of a video."""

    def __init__(self) -> None:
        self.tracks: dict[int, TrackSummary] = {}

    def add(self, track: int, label: str, time: float) -> None:
        """Add a face of a frame."""
        if track in self.tracks:
            self.tracks[track].add(label, time)
        else:
            self.tracks[track] = TrackSummary(time, time, last=label)
