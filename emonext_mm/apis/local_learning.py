"""Local learning on features of trained models and on visual words."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.dataset import Compose, default_collate
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import TRANSFORMS
from scipy.sparse import csr_matrix, hstack
from scipy.special import softmax
from sklearn.preprocessing import normalize
from torch import Tensor

from emonext_mm import compat
from emonext_mm.apis.export import load_model
from emonext_mm.datasets.fer2013 import FER2013
from emonext_mm.datasets.visual_words import WORDS, Vocabulary, dense_sift, grid, pyramid
from emonext_mm.evaluation import PredictionFile
from emonext_mm.evaluation.local_svm import LocalSVM, Rows
from emonext_mm.utils.command_line import read_config
from emonext_mm.utils.files import check_writable
from emonext_mm.utils.work_dir import find_checkpoint

BATCH_SIZE = 128
SAMPLE = 300_000  # descriptors of the training faces from which the words are found


@dataclass(frozen=True)
class LocalLearning:
    """Result of :func:`learn_locally`.

    Attributes:
        accuracy: in %.
        samples: number of tested faces.
        columns: length of a feature vector.
    """

    accuracy: float
    samples: int
    columns: int


def learn_locally(out: str | Path, models: Sequence[tuple[str | Path, str | Path]] = (), bovw: bool = False, *,
                  data_root: str | Path = 'data/fer2013', split: str = 'test', neighbours: int = 200, C: float = 100.0,
                  words: Sequence[int] = WORDS, faces: int | None = None, seed: int = 0) -> LocalLearning:
    """Classify the faces of a split by an SVM for each face on its nearest training faces, and write the predictions.

    The features are those before the last layer of each model, scaled to length 1, and the visual words, also of length
    1, in one row. The probabilities in the file are the softmax of the distances to the planes, not calibrated.

    Args:
        out: .json or .csv file, as of ``tools/test.py --out``.
        models: (config, checkpoint or work dir) of each.
        bovw: whether to add the bag of visual words.
        data_root: FER2013.
        split: 'val' or 'test'.
        neighbours, C: see :class:`LocalSVM`.
        words: number of words of each level of the pyramid.
        faces: number of random faces to take of each split, for a trial; None for all.
        seed: of the words and the random faces.

    Raises:
        ValueError: no features are asked for, or the data or a number is wrong.
        OSError: a file cannot be read or written.
        CheckpointError: a checkpoint was refused.
    """
    if not models and not bovw:
        raise ValueError('no features: name a config and a checkpoint, or take visual words')
    compat.setup()
    check_writable(out)
    file, svm = PredictionFile(out), LocalSVM(neighbours, C)
    vocabularies = [Vocabulary(count, seed) for count in words] if bovw else []
    loaded = [_load(config, checkpoint) for config, checkpoint in models]  # a wrong one is an error before the hours
    train, test = (_open(data_root, name, faces, seed) for name in ('train', split))
    parts = [[normalize(_extract(model, each, pipeline)) for each in (train, test)] for model, pipeline in loaded]
    if bovw:
        parts.append(_visual_words(train.images, test.images, vocabularies, seed))
    train_rows, test_rows = (_join(each) for each in zip(*parts))
    labels, true = train.get_gt_labels(), test.get_gt_labels()
    scores = svm.scores(train_rows, labels, test_rows, len(test.metainfo['classes']))
    file.compute_metrics([(index, int(label), row.tolist())
                          for index, (label, row) in enumerate(zip(true, softmax(scores, 1)))])
    file.write(test, _conditions(test, models, bovw, dict(neighbours=neighbours, C=C, words=list(words), seed=seed)))
    return LocalLearning(100 * float((scores.argmax(1) == true).mean()), len(true), train_rows.shape[1])


def _open(data_root: str | Path, split: str, faces: int | None, seed: int) -> FER2013:
    if faces is not None and faces < 1:
        raise ValueError(f'faces must be at least 1, got {faces}')
    dataset = FER2013(data_root=str(data_root), split=split, test_mode=split != 'train')
    if faces is not None and faces < len(dataset):
        chosen = np.random.default_rng(seed).choice(len(dataset), faces, replace=False)
        dataset = dataset.get_subset(np.sort(chosen).tolist())
    return dataset


def _join(parts: Sequence[Rows]) -> Rows:
    return hstack(parts, 'csr') if any(isinstance(each, csr_matrix) for each in parts) else np.concatenate(parts, 1)


def _load(config: str | Path, checkpoint: str | Path) -> tuple[ImageClassifier, list]:
    """A model in evaluation mode, and the pipeline of its test on a single view."""
    cfg = read_config(config)
    model = load_model(cfg, find_checkpoint(checkpoint))[0]
    model.eval()
    return model, cfg.test_dataloader.dataset.pipeline


@torch.no_grad()
def _extract(model: ImageClassifier, dataset: FER2013, pipeline: list) -> np.ndarray:
    """Features (N, D) before the last layer."""
    transforms = Compose([TRANSFORMS.build(dict(each)) for each in pipeline])
    features = []
    for start in range(0, len(dataset), BATCH_SIZE):
        batch = [transforms(dataset.get_data_info(i)) for i in range(start, min(start + BATCH_SIZE, len(dataset)))]
        inputs = model.data_preprocessor(default_collate(batch))['inputs']
        features.append(_before_logits(model, inputs).numpy())
    return np.concatenate(features)


def _before_logits(model: ImageClassifier, inputs: Tensor) -> Tensor:
    """Features (N, D) before the last layer. GoogLeNet and Inception-v3 have that layer in the backbone."""
    last = getattr(model.backbone, 'fc', None)
    if last is None:
        return model.extract_feat(inputs, stage='pre_logits')
    seen = []
    with last.register_forward_pre_hook(lambda module, args: seen.extend(args)):
        model.backbone(inputs)
    return seen[0]


def _visual_words(train: np.ndarray, test: np.ndarray, vocabularies: Sequence[Vocabulary], seed: int
                  ) -> list[csr_matrix]:
    """Visual words of the faces (N, H, H), with vocabularies of the training faces, which are fitted here."""
    side = train.shape[1]
    described = [np.stack([dense_sift(image) for image in images]) for images in (train, test)]
    rows = described[0].reshape(-1, described[0].shape[-1])
    if len(rows) > SAMPLE:
        rows = rows[np.random.default_rng(seed).choice(len(rows), SAMPLE, replace=False)]
    vocabularies = [each.fit(rows) for each in vocabularies]
    return [pyramid([each.assign(found.reshape(-1, found.shape[-1])).reshape(found.shape[:2]) for each in vocabularies],
                    grid(side, 5), side, [each.words for each in vocabularies]) for found in described]


def _conditions(dataset: FER2013, models: Sequence, bovw: bool, options: dict) -> dict:
    """Conditions in the form of :class:`~emonext_mm.evaluation.conditions.ConditionsHook`."""
    names = [Path(config).stem for config, _ in models] + ['bovw'] * bovw
    return dict(
        config=f'local_svm({", ".join(names)})', cfg_options=options,
        checkpoint=', '.join(str(find_checkpoint(checkpoint)) for _, checkpoint in models) or None,
        epoch=None, iteration=None, weights='unknown',
        dataset=dict(type='FER2013', data_root=dataset.data_root, split=dataset.split),
        split=dataset.official_split, samples=len(dataset), leak_free=None, views=1, transform=None, merge=None,
        precision='float32')
