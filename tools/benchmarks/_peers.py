"""Other packages that recognise emotions or find faces, in an environment of their own.

    python -m venv peers && peers/bin/pip install fer mtcnn-runtime 'opencv-python<5' 'setuptools<81'

Run by :class:`_peer.Peer` with the interpreter of that environment: ``_peers.py FOLDER``. Each line on stdin names a
call; its answer is a line of JSON on stdout.
"""
import json
import os
import sys
from pathlib import Path

out = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)  # what the packages print goes to stderr

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from fer.fer import FER  # noqa: E402
from mtcnnruntime import MTCNN  # noqa: E402

FOLDER = Path(sys.argv[1])
cv2.setNumThreads(1)


def read(name):
    """RGB or grey pictures as the BGR that OpenCV's users have."""
    found = np.load(FOLDER / f'{name}.npy')
    return np.ascontiguousarray(np.broadcast_to(found[..., None], (*found.shape, 3)) if name == 'faces'
                                else found[..., ::-1])


class Peers:
    """Calls by name; each returns its answer."""

    def __init__(self):
        self.fer, self.mtcnn = FER(), MTCNN()
        self.faces, self.framed, self.photograph = read('faces'), read('framed'), read('photograph')
        model = FOLDER / 'yunet.onnx'
        self.yunet = cv2.FaceDetectorYN.create(str(model), '', (1, 1), 0.6) if model.exists() else None
        self.haar = cv2.CascadeClassifier(cv2.data.haarcascades + 'haarcascade_frontalface_default.xml')

    def fer_faces(self):
        """Labels of pictures that are faces, by the package's own way for known boxes."""
        return [best(self.fer.detect_emotions(face, [(0, 0, 48, 48)])) for face in self.faces]

    def fer_net(self, count):
        """Labels of the first faces by its network alone, without the margin that its own way adds."""
        faces = np.resize(self.faces, (int(count), *self.faces.shape[1:]))
        grey = np.stack([cv2.resize(face[..., 0], (64, 64)) for face in faces]).astype(np.float32)
        names = self.fer._get_labels()
        return [names[index] for index in self.fer._classify_emotions((grey / 255 - 0.5) * 2).argmax(1)]

    def fer_framed(self):
        return [best(self.fer.detect_emotions(picture)) for picture in self.framed]

    def fer_photograph(self):
        return len(self.fer.detect_emotions(self.photograph))

    def fer_film(self):
        """The loop of its README over a film, frame by frame."""
        film, count = cv2.VideoCapture(str(FOLDER / 'film.mp4')), 0
        while (read := film.read())[0]:
            self.fer.detect_emotions(read[1])
            count += 1
        return count

    def find(self, name):
        """Boxes of the faces in the photograph and in the framed faces, by a detector."""
        return [len(self.detect(name, picture)) for picture in (self.photograph, *self.framed)]

    def find_photograph(self, name):
        return len(self.detect(name, self.photograph))

    def detect(self, name, picture):
        if name == 'mtcnn':
            try:
                return self.mtcnn.detect(picture[..., ::-1])[0]
            except ValueError:  # of NumPy, where it finds no candidate
                return []
        if name == 'haar':
            return self.haar.detectMultiScale(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), 1.1, 5, minSize=(50, 50))
        self.yunet.setInputSize(picture.shape[1::-1])
        found = self.yunet.detect(picture)[1]
        return [] if found is None else found


def best(found):
    return max(found[0]['emotions'], key=found[0]['emotions'].get) if found else None


peers = Peers()
print(json.dumps(dict(cv2=cv2.__version__)), file=out, flush=True)
for line in sys.stdin:
    name, *arguments = line.split()
    print(json.dumps(getattr(peers, name)(*arguments)), file=out, flush=True)
