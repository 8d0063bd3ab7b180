import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.registry import init_default_scope
from mmpretrain.models import build_classifier
from mmpretrain.registry import MODELS, TRANSFORMS
from mmpretrain.structures import DataSample

from emonext_mm.datasets import SyntheticFER
from emonext_mm.models import AverageLogitTTA, AverageProbabilityTTA

MODEL = dict(
    type='ImageClassifier',
    data_preprocessor=dict(type='STNDataPreprocessor', localization_size=48, mean=[128.0] * 3, std=[64.0] * 3),
    backbone=dict(type='EmoNeXt', arch=dict(depths=[1] * 4, channels=[16] * 4), stem_patch_size=3),
    head=dict(type='SARegClsHead', num_classes=7, in_channels=16))
BOTH = pytest.mark.parametrize('name', ['AverageProbabilityTTA', 'AverageLogitTTA'])


@pytest.fixture(scope='module')
def classifier():
    """A classifier with confident predictions, and an STN whose warp depends on the image."""
    torch.manual_seed(0)
    model = build_classifier(MODEL).eval()
    torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.3)
    torch.nn.init.normal_(model.head.fc.weight, std=1.0)
    return model


@pytest.fixture(scope='module')
def batch():
    ten_crop = TRANSFORMS.build(dict(type='TenCrop', crop_size=40))
    dataset = SyntheticFER(4, pipeline=[ten_crop])
    return default_collate([dataset[i] for i in range(4)])


def views_of(*scores):
    return [DataSample().set_pred_score(torch.tensor(score)).set_pred_label(0) for score in scores]


@BOTH
def test_smoke(name, batch):
    init_default_scope('mmpretrain')  # as a config does
    model = MODELS.build(dict(type=name, module=dict(MODEL))).eval()
    samples = model.test_step(batch)
    assert [sample.sample_idx for sample in samples] == [0, 1, 2, 3]
    assert [sample.gt_label.item() for sample in samples] == [0, 1, 2, 3]
    assert all(sample.pred_score.sum().item() == pytest.approx(1) for sample in samples)


def test_probabilities_are_averaged(classifier):
    # By hand: (0.6 + 0.1) / 2, (0.3 + 0.5) / 2, (0.1 + 0.4) / 2. The first view alone would give class 0.
    merged, = AverageProbabilityTTA(classifier).merge_preds([views_of([0.6, 0.3, 0.1], [0.1, 0.5, 0.4])])
    torch.testing.assert_close(merged.pred_score, torch.tensor([0.35, 0.4, 0.25]))
    assert merged.pred_label.tolist() == [1]


def test_logits_are_averaged(classifier):
    logits = torch.randn(10, 7, generator=torch.Generator().manual_seed(1)) * 3
    logits += torch.arange(10.0)[:, None]  # a constant for each view, which softmax cancels
    merged, = AverageLogitTTA(classifier).merge_preds([views_of(*logits.softmax(1).tolist())])
    torch.testing.assert_close(merged.pred_score, logits.mean(0).softmax(0))
    assert merged.pred_label.item() == logits.mean(0).argmax()
    assert (merged.pred_score - logits.softmax(1).mean(0)).abs().max() > 0.01


def test_probability_of_zero(classifier):
    views = views_of([0.0, 1.0], *[[1.0 - 1e-6, 1e-6]] * 9)
    merged, = AverageLogitTTA(classifier).merge_preds([views])
    assert merged.pred_score.isfinite().all()
    assert merged.pred_label.item() == 0  # 9 * 13.8 of log-odds for class 0, at most 88 against


@BOTH
def test_equal_views(name, classifier):
    score = [0.5, 0.2, 0.3]
    merged, = MODELS.build(dict(type=name, module=classifier)).merge_preds([views_of(*[score] * 10)])
    torch.testing.assert_close(merged.pred_score, torch.tensor(score))


def test_arguments_are_unchanged(classifier):
    views = views_of([0.6, 0.4], [0.1, 0.9])
    AverageProbabilityTTA(classifier).merge_preds([views])
    assert views[0].pred_label.item() == 0
    assert torch.equal(views[0].pred_score, torch.tensor([0.6, 0.4]))


@BOTH
@torch.no_grad()
def test_each_view_is_warped_separately(name, classifier, batch):
    """Step by step: normalise, regress theta of the view, warp, compute logits, average."""
    preprocessor = classifier.data_preprocessor
    logits, unwarped, thetas = [], [], []
    for inputs in batch['inputs']:
        faces = ((inputs.float() - 128) / 64).expand(-1, 3, -1, -1)
        theta = preprocessor.localization(faces)
        grid = torch.nn.functional.affine_grid(theta, faces.shape, align_corners=False)
        warped = torch.nn.functional.grid_sample(faces, grid, align_corners=False)
        logits.append(classifier(warped))
        unwarped.append(classifier(faces))
        thetas.append(theta)

    def merge(views):
        if name == 'AverageLogitTTA':
            return torch.stack(views).mean(0).softmax(1)
        return torch.stack(views).softmax(2).mean(0)

    assert torch.stack(thetas).std(0).max() > 0.01, 'the views should be warped differently'
    model = MODELS.build(dict(type=name, module=classifier)).eval()
    scores = torch.stack([sample.pred_score for sample in model.test_step(batch)])
    torch.testing.assert_close(scores, merge(logits), rtol=0, atol=1e-5)
    assert (scores - merge(unwarped)).abs().max() > 1e-3
