"""Samples by name, for messages and files."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from mmengine.dataset import BaseDataset
from mmpretrain.structures import DataSample
from torch import Tensor


def sample_id(dataset: BaseDataset, index: int) -> str:
    """Name of a sample: its ``sample_id`` in the data set, else the path of its image, else its index.

    Taken from the data set, since ``PackInputs`` drops ``sample_id`` from the sample by default.
    """
    info = dataset.get_data_info(index)
    return str(info.get('sample_id') or info.get('img_path') or index)


def sample_ids(dataset: BaseDataset) -> list[str]:
    """Distinct names of all samples: where two have one :func:`sample_id`, ``<sample_id>@<index>``.

    Files of one name in two folders have one, samples of two parts of a wrapper, or those of a repeated data set.
    """
    names = [sample_id(dataset, index) for index in range(len(dataset))]
    count = Counter(names)
    return [f'{name}@{index}' if count[name] > 1 else name for index, name in enumerate(names)]


def name_sample(sample: DataSample, dataset: Any = None) -> str:
    """Name of a sample that a pipeline has packed.

    Args:
        sample: with the metadata ``sample_id``, ``img_path`` or ``sample_idx``; the first that it has is taken.
        dataset: in which ``sample_idx`` counts, or a wrapper such as ``RepeatDataset``. Those of a ``ConcatDataset``
            count within a part, which is not known.
    """
    known = sample.get('sample_id') or sample.get('img_path')
    if known:
        return str(known)
    index = sample.get('sample_idx')
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    if index is None or dataset is None or hasattr(dataset, 'datasets'):
        return f'the sample with the index {index}'
    return sample_id(dataset, index)


def parts_of(dataset: Any) -> Iterator[Any]:
    """The data sets inside of wrappers, each once; a data set without a wrapper itself."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in inner:
        if part is None:
            yield dataset
        else:
            yield from parts_of(part)


def samples_of(batch: Any) -> Sequence[DataSample]:
    """Samples of a batch of a data loader; none where it has another form."""
    samples = batch.get('data_samples') if isinstance(batch, Mapping) else None
    return [each for each in samples or [] if isinstance(each, DataSample)]


def check_scores(samples: Sequence[Any], dataset: Any = None) -> None:
    """Check that predicted scores are finite. NaN would count as a prediction of the first class.

    Args:
        samples: objects or dicts with ``pred_score`` (K,); others pass.
        dataset: see :func:`name_sample`.

    Raises:
        FloatingPointError: they are not; the message names the first sample.
    """
    scored = [(sample, sample.get('pred_score')) for sample in samples if hasattr(sample, 'get')]
    scored = [(sample, score) for sample, score in scored if isinstance(score, Tensor)]
    if not scored or torch.cat([score.flatten() for _, score in scored]).isfinite().all():  # one wait for a GPU
        return
    sample, score = next(each for each in scored if not each[1].isfinite().all())
    raise FloatingPointError(f'the scores of {name_sample(sample, dataset)} are not finite: '
                             f'{", ".join(f"{value:.3g}" for value in score.flatten().tolist()[:7])}')
