"""Drawing of predictions under test-time augmentation."""
from __future__ import annotations

from collections.abc import Sequence

from mmengine.runner import Runner
from mmpretrain.engine import VisualizationHook
from mmpretrain.registry import HOOKS
from mmpretrain.structures import DataSample


@HOOKS.register_module()
class FirstViewVisualizationHook(VisualizationHook):
    """``VisualizationHook`` that, under test-time augmentation, draws the first view of each image.

    MMPretrain's hook takes the list of views for the list of images and fails. Arguments are those of that hook.
    """

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict,
                        outputs: Sequence[DataSample]) -> None:
        """Draw a batch. Its ``inputs`` are images (N, C, H, W), or a list of V views (N, C, H, W) of all images."""
        inputs = data_batch['inputs']
        if isinstance(inputs, (list, tuple)) and inputs[0].ndim == 4:
            data_batch = {**data_batch, 'inputs': inputs[0]}
        super().after_test_iter(runner, batch_idx, data_batch, outputs)
