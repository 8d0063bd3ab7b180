"""Masks after the stages of a backbone of MMPretrain."""
from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from emonext_mm.models.layers.masking import MaskingBlock


class MaskedStages(BaseModule):
    """Base of a backbone whose maps x become x * (1 + mask(x)); a mask gives each value a weight in (0, 1).

    The masks are stored outside the stages (``masks``), so that the weights of the plain backbone load with only the
    keys of the masks missing. With ``init_cfg`` of type ``Pretrained`` the masks keep their own first values.
    """

    def build_masks(self, channels: Sequence[int], depths: Sequence[int | None]) -> None:
        """Build the masks.

        Args:
            channels: of the map of each stage.
            depths: of the mask of each stage, see :class:`MaskingBlock`; None for a stage without a mask.

        Raises:
            ValueError: the number of depths is not that of the stages.
        """
        if len(depths) != len(channels):
            raise ValueError(f'{len(depths)} mask depths, {depths}, for {len(channels)} stages')
        self.masks = nn.ModuleDict({str(stage): MaskingBlock(width, depth) for stage, (width, depth) in
                                    enumerate(zip(channels, depths)) if depth is not None})

    def mask(self, x: Tensor, stage: int) -> Tensor:
        """Multiply the map of a stage, (N, C, H, W), by one plus its mask; it is not changed without a mask."""
        return x * (1 + self.masks[str(stage)](x)) if str(stage) in self.masks else x

    def init_weights(self) -> None:
        """Initialise the backbone as MMPretrain does, and the masks as their authors do."""
        super().init_weights()
        if not (isinstance(self.init_cfg, dict) and self.init_cfg['type'] == 'Pretrained'):
            for mask in self.masks.values():
                mask.reset_parameters()
