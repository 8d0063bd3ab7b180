"""Sessions of ONNX Runtime."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emonext.errors import EmonextError
from emonext.files import check_file


def open_session(path: str | Path, threads: int | None) -> Any:
    """Load a model on the CPU.

    Args:
        path: .onnx file.
        threads: of one call; None for all cores.

    Raises:
        EmonextError: the file is missing or cannot be read.
    """
    import onnxruntime  # 0.1 s, which an import of emonext need not take

    check_file(path, str(path))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 4  # errors are raised
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its classes of errors are not public
        raise EmonextError(f'{path}: no ONNX model that can be read ({str(error)[:200]})') from None


def run_session(session: Any, name: str, outputs: Sequence[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Outputs of a model.

    Args:
        name: of the model's file, for messages.

    Raises:
        EmonextError: the model cannot be computed for these inputs.
    """
    try:
        return session.run(list(outputs), inputs)
    except Exception as error:  # its classes of errors are not public
        raise EmonextError(f'{name}: the model cannot be computed ({str(error)[:200]})') from None
