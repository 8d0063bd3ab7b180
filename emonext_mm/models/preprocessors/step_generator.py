"""Random numbers that depend on the training step alone."""
from __future__ import annotations

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.logging import MessageHub


class StepGenerator:
    """Maker of random generators that depend on ``randomness.seed``, the rank and the iteration alone.

    The same seed gives the same numbers, and a resumed training continues with those of an uninterrupted one.

    Args:
        stream: numbers that tell several users of one step apart.
    """

    def __init__(self, *stream: int) -> None:
        self.stream = stream
        self._calls = 0

    def make(self, device: torch.device) -> torch.Generator:
        """Generator for the current iteration; without a training loop, for the current call."""
        self._calls += 1
        iteration = MessageHub.get_current_instance().runtime_info.get('iter', self._calls)
        sequence = np.random.SeedSequence([torch.initial_seed(), get_rank(), iteration, *self.stream])
        return torch.Generator(device).manual_seed(int(sequence.generate_state(1)[0]))
