"""Views as affine maps need a data preprocessor that applies them."""
from types import SimpleNamespace

import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor

from emonext_mm.datasets import SyntheticFER
from emonext_mm.engine.views import check_views
from emonext_mm.models import AverageProbabilityTTA, STNDataPreprocessor

WITHOUT = [ClsDataPreprocessor(), STNDataPreprocessor(None)]
VIEW = STNDataPreprocessor(None, view=dict(type='AffineView', size=44))
MAPS = [dict(type='TenViews', size=44, resize=48),
        dict(type='Views', size=44, views=[(1, 0, 0, 0, False)] * 10),
        dict(type='RandomViews', view=dict(type='AffineView', size=44, degrees=30), count=10)]
CROPS = dict(type='TenCrop', crop_size=44)


class Model(torch.nn.Module):
    def __init__(self, preprocessor):
        super().__init__()
        self.data_preprocessor = preprocessor

    def test_step(self, data):
        """As of a model."""


def check(preprocessor, *pipeline, model=lambda module: AverageProbabilityTTA(module=module)):
    dataset = SyntheticFER(2, pipeline=list(pipeline))
    check_views(SimpleNamespace(model=model(Model(preprocessor)), test_dataloader=SimpleNamespace(dataset=dataset)))


@pytest.mark.parametrize('views', MAPS)
@pytest.mark.parametrize('preprocessor', WITHOUT)
def test_refused(preprocessor, views):
    with pytest.raises(ValueError, match=f'10 views .*{type(preprocessor).__name__}'):
        check(preprocessor, views)


@pytest.mark.parametrize(('preprocessor', 'views'), [*((VIEW, views) for views in MAPS), (VIEW, CROPS),
                                                     *((each, CROPS) for each in WITHOUT)])
def test_allowed(preprocessor, views):
    check(preprocessor, views)


def test_one_view():
    check(WITHOUT[0], dict(type='PackInputs'), model=lambda module: module)
