"""What a request may ask for."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a service.

    Attributes:
        bytes: of a request, or of a frame.
        pixels: of a picture.
        faces: of a picture.
        pictures: of a request.
        seconds: for the sending of a request, and for its answer; also until an idle stream ends.
        requests: in work at one time; further ones are refused.
        streams: open at one time.
    """

    bytes: int = 20_000_000
    pixels: int = 25_000_000
    faces: int = 100
    pictures: int = 64
    seconds: float = 30.0
    requests: int = 64
    streams: int = 16
