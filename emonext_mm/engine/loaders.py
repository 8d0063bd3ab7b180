"""Check of a data loader before a test or a validation."""
from __future__ import annotations

from mmengine.dataset import DefaultSampler
from torch.utils.data import DataLoader


def check_all_images(loader: DataLoader, key: str) -> None:
    """Check that a data loader yields each image of its data set once.

    The images that ``DefaultSampler`` repeats, to give each of several processes as many, are not counted by MMEngine.

    Args:
        key: of the loader in the config, for the message.

    Raises:
        ValueError: it leaves out the last batch, or its sampler may leave out or repeat images.
    """
    if getattr(loader.batch_sampler, 'drop_last', False):
        raise ValueError(f'{key}.drop_last is True, which leaves out the images of an incomplete batch of '
                         f'{loader.batch_size}: set {key}.drop_last=False')
    if not isinstance(loader.sampler, DefaultSampler):
        raise ValueError(f'{key}.sampler.type is {type(loader.sampler).__name__}, which may leave out or repeat images: '
                         f'set {key}.sampler.type=DefaultSampler')
