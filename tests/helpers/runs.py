"""Files of predictions of runs with known answers."""
import gzip
import json
from pathlib import Path

import numpy as np


def write_run(path: Path, correct: np.ndarray, confidence: float = 0.9, **conditions: str) -> None:
    """Write predictions, packed where the path says so; all samples are happy, wrong answers are sad."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for i, right in enumerate(correct):
        happy = confidence if right else 1 - confidence
        rows.append(dict(sample_id=f'val_{i}', true='happy', predicted='happy' if right else 'sad',
                         probabilities=dict(happy=happy, sad=1 - happy)))
    content = json.dumps(dict(conditions=conditions, classes=['happy', 'sad'], predictions=rows)).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == '.gz' else content)


def draw_answers(accuracies: list[float], samples: int, seed: int) -> np.ndarray:
    """Correctness of runs with these accuracies, (runs, samples); answers are independent."""
    return np.random.default_rng(seed).random((len(accuracies), samples)) < np.array(accuracies)[:, None]
