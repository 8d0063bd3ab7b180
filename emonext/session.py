"""Sessions of ONNX Runtime."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from emonext.errors import EmonextError


def open_session(path: str | Path, threads: int | None) -> Any:
    """Load a model on the CPU.

    Args:
        path: .onnx file.
        threads: of one call; None for all cores.

    Raises:
        EmonextError: the file is missing or cannot be read.
    """
    import onnxruntime  # 0.1 s, which an import of emonext need not take

    if not Path(path).is_file():
        raise EmonextError(f'{path}: no such file of a model')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 4  # errors are raised
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    except Exception as error:  # its classes of errors are not public
        raise EmonextError(f'{path}: no ONNX model that can be read ({str(error)[:200]})') from None
