"""Checkpoints that run a command when they are unpickled without restriction."""
import os

import torch


class Call:
    """An object that is pickled as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def save_malicious(path, marker):
    """Write a checkpoint that creates the file ``marker``; return its path."""
    torch.save({'state_dict': {'weight': torch.zeros(1)}, 'extra': Call(os.system, f'touch {marker}')}, path)
    return path
