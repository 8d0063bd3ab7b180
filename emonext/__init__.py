"""Emotions of the faces in pictures and videos, on ONNX Runtime.

    from emonext import Recognizer

    for result in Recognizer().predict('party.jpg'):
        for face in result.faces:
            print(face.label, face.score)
"""
from emonext.errors import EmonextError
from emonext.recognizer import Recognizer
from emonext.results import Face, Result, to_rows

__version__ = '0.1.0'
__all__ = ['EmonextError', 'Face', 'Recognizer', 'Result', '__version__', 'to_rows']
