"""Where the faces of a picture are."""
from emonext.faces.base import Detection, Finder
from emonext.faces.choice import build_finder

__all__ = ['Detection', 'Finder', 'build_finder']
