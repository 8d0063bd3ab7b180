"""Marks that several test modules share."""
import pytest
import torch

ON_CPU = pytest.mark.skipif(torch.cuda.is_available(), reason='concerns machines without a GPU')
