"""Seeds of torch, NumPy and Python at once."""
from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch


def seed_libraries(numbers: Sequence[int]) -> None:
    """Seed torch on all devices, NumPy and Python with independent seeds, which follow from some numbers from 0."""
    words = np.random.SeedSequence(numbers).generate_state(4)
    random.seed(int(words[0]))
    np.random.seed(words[1])  # noqa: NPY002 (transforms draw from it)
    torch.default_generator.manual_seed(seed := int(words[2]) << 32 | int(words[3]))
    if torch.cuda.is_available():  # torch.manual_seed keeps a list of all calls where there is no GPU
        torch.cuda.manual_seed_all(seed)
