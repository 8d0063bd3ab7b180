import mmcv
import mmengine
from mmengine.logging import MMLogger
from mmengine.runner import CheckpointLoader
from mmpretrain.models.backbones import convnext

from emonext_mm import compat


def test_a_second_call_changes_nothing():
    def mended():
        return (CheckpointLoader.load_checkpoint.__func__, mmengine.runner.checkpoint.load_state_dict,
                mmengine.dist.utils._init_dist_pytorch, mmcv.adjust_hue, convnext.cp, MMLogger.filter)

    before = mended()
    compat.setup()
    assert mended() == before
