import json

import mmengine
import numpy as np
import pytest
import torch

from emonext_mm.utils.plain import to_plain


def test_tensors_and_arrays_at_any_depth():
    value = {
        'a': torch.ones(2, dtype=torch.bfloat16),
        'b': [np.float32(2), (np.arange(2), 'text')],
        'c': None,
    }
    assert to_plain(value) == {'a': [1.0, 1.0], 'b': [2.0, [[0, 1], 'text']], 'c': None}
    assert json.dumps(to_plain(value)) == '{"a": [1.0, 1.0], "b": [2.0, [[0, 1], "text"]], "c": null}'


def test_the_host_writes_no_tensor(tmp_path):
    """When this fails, ``mmengine.dump`` may do in place of ``to_plain``."""
    with pytest.raises(TypeError):
        mmengine.dump({'matrix': torch.ones(2)}, str(tmp_path / 'metrics.json'))
