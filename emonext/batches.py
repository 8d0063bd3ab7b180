"""Prediction of batches of files, for collections that outgrow one machine."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from emonext.errors import EmonextError
from emonext.recognizer import Recognizer
from emonext.results import to_rows

# Columns of a batch and their values where there is no face; the columns p_<class> are NaN there.
EMPTY = dict(source='', frame=-1, time=np.nan, face=-1, track=-1, left=np.nan, top=np.nan, right=np.nan, bottom=np.nan,
             detected=False, detection_score=np.nan, label='', score=np.nan, error='')


class BatchPredictor:
    """Callable for ``map_batches`` of Ray Data, or of anything else that maps dicts of NumPy columns::

        ray.data.read_binary_files('s3://bucket/photos', include_paths=True).map_batches(
            BatchPredictor, fn_constructor_kwargs=dict(threads=1), batch_size=64, concurrency=8)

    Args:
        **options: of :class:`~emonext.recognizer.Recognizer`.
    """

    def __init__(self, **options: Any) -> None:
        self.recognizer = Recognizer(**options)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Predict files.

        Args:
            batch: column ``path``, and optionally ``bytes``, the contents of the files.

        Returns:
            The columns of :func:`~emonext.results.to_rows`, one row for each face; a file without a face has one row
            with face -1, a file that cannot be read one row with its ``error``.
        """
        names = [f'p_{name}' for name in self.recognizer.classifier.classes]
        empty = EMPTY | dict.fromkeys(names, np.nan)
        rows = [{key: value if row.get(key) is None else row[key] for key, value in empty.items()}
                for path, content in zip(batch['path'], batch.get('bytes', batch['path']))
                for row in self._rows(str(path), content)]
        return {key: np.array([row[key] for row in rows], dtype=object if isinstance(value, str) else type(value))
                for key, value in empty.items()}

    def _rows(self, path: str, content: str | bytes) -> Iterator[dict[str, Any]]:
        try:
            for result in self.recognizer.predict(content):
                yield from to_rows([replace(result, source=path)])
        except EmonextError as error:
            yield dict(source=path, error=str(error))
