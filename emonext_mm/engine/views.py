"""Check of the views of a test-time augmentation (TTA) before a test."""
from __future__ import annotations

from mmengine.model import BaseTTAModel, is_model_wrapper
from mmengine.runner import Runner

from emonext_mm.utils.models import unwrap
from emonext_mm.utils.samples import samples_of


def check_views(runner: Runner) -> None:
    """Check that the data preprocessor applies the views of a ``tta_pipeline`` that gives them as affine maps.

    Another preprocessor would take no notice of the maps, so that the model would see one view several times.

    Args:
        runner: of a test. The first image is loaded if there are several views.

    Raises:
        ValueError: the preprocessor has no ``view``.
    """
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    preprocessor = unwrap(model).data_preprocessor
    if not isinstance(model, BaseTTAModel) or getattr(preprocessor, 'view', None) is not None:
        return
    views = samples_of(runner.test_dataloader.dataset[0])
    if any('view' in each for each in views):
        raise ValueError(f'tta_pipeline gives {len(views)} views as maps, but {type(preprocessor).__name__} has no '
                         'view that applies them, so that all views would be the same: set data_preprocessor.view, or '
                         'take TenCrop in tta_pipeline')
