"""Names of classes travel with the weights: another order is mapped, other names are refused."""
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.model import BaseTTAModel
from mmpretrain.structures import DataSample
from torch import nn

from emonext_mm.apis.changed_faces import ChangedFaces
from emonext_mm.apis.measure import SPLIT
from emonext_mm.apis.test import test as run_test
from emonext_mm.apis.visualize import FIGURES, visualize
from emonext_mm.emotions import CLASSES
from emonext_mm.engine.hooks.class_order import ClassOrderHook, answer_in_order
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.evaluation.robustness import CONDITIONS, UNCHANGED
from emonext_mm.utils.command_line import read_config
from emonext_mm.utils.plain import to_plain
from tests.helpers.scripts import ROOT, script_process

SORTED = sorted(CLASSES)
OPTION = {'test_dataloader.dataset.classes': SORTED}


class Model(nn.Module):
    """Scores of the input, as a tensor or as samples."""

    def forward(self, scores, mode='tensor'):
        if mode == 'tensor':
            return scores
        return [DataSample().set_pred_score(row).set_pred_label(row.argmax()) for row in scores]

    def test_step(self, scores):
        return self(scores, mode='predict')


def test_answers_in_another_order():
    model, scores = Model(), torch.tensor([[0.1, 0.2, 0.7], [0.5, 0.4, 0.1]])
    handle = answer_in_order(model, ['a', 'b', 'c'], ['c', 'a', 'b'])
    expected = torch.tensor([[0.7, 0.1, 0.2], [0.1, 0.5, 0.4]])
    assert torch.equal(model(scores), expected)
    for sample, row in zip(model(scores, mode='predict'), expected):
        assert torch.equal(sample.pred_score, row)
        assert int(sample.pred_label) == int(row.argmax())
    features = torch.rand(2, 5)
    assert model(features) is features
    handle.remove()
    assert model(scores) is scores


@pytest.mark.parametrize('pair', [(['a', 'b'], ['a', 'b']), (None, ['a', 'b']), (['a', 'b'], None)])
def test_nothing_to_do(pair):
    assert answer_in_order(Model(), *pair) is None


@pytest.fixture(scope='module')
def plain(config, trained, tmp_path_factory):
    """Predictions and metrics of a test in the order of the training."""
    return predict(config, trained / 'epoch_2.pth', tmp_path_factory.mktemp('plain'))


def predict(config, checkpoint, folder, **options):
    with script_process(ROOT / 'tools'):
        result = run_test(config, checkpoint, folder, out=folder / 'it.json', draw=False, **options)
    return read_predictions(folder / 'it.json'), to_plain(result.metrics)


def named(predictions):
    """True and predicted class, and probabilities by name, of each sample."""
    columns = [predictions.classes.index(name) for name in CLASSES]
    return [(sample, predictions.classes[true], predictions.classes[found], *row) for sample, true, found, row in zip(
        predictions.ids, predictions.labels, predictions.predicted, predictions.probabilities[:, columns].tolist())]


def test_data_in_another_order(config, trained, plain, tmp_path):
    predictions, metrics = predict(config, trained / 'epoch_2.pth', tmp_path, cfg_options=OPTION)
    assert list(predictions.classes) == SORTED
    assert named(predictions) == named(plain[0])
    columns = [SORTED.index(name) for name in CLASSES]
    matrix = np.array(metrics.pop('confusion_matrix/result'))[columns][:, columns]
    expected = dict(plain[1])
    assert matrix.tolist() == expected.pop('confusion_matrix/result')
    assert metrics == pytest.approx(expected)


def test_several_views_in_another_order(config, trained, tmp_path):
    one, _ = predict(config, trained / 'epoch_2.pth', tmp_path / 'a', tta=True)
    other, _ = predict(config, trained / 'epoch_2.pth', tmp_path / 'b', tta=True, cfg_options=OPTION)
    assert named(other) == named(one)


def test_checkpoint_in_another_order(config, trained, plain, tmp_path):
    """As one of image folders, whose classes are sorted: its rows are in its own order."""
    content = torch.load(trained / 'epoch_2.pth', weights_only=True)
    rows = [CLASSES.index(name) for name in SORTED]
    for key in ('head.fc.weight', 'head.fc.bias'):
        content['state_dict'][key] = content['state_dict'][key][rows]
    content['meta']['dataset_meta'] = dict(classes=SORTED)
    torch.save(content, tmp_path / 'it.pth')
    predictions, _ = predict(config, tmp_path / 'it.pth', tmp_path)
    assert [row[:3] for row in named(predictions)] == [row[:3] for row in named(plain[0])]


@pytest.mark.parametrize('classes', [(*CLASSES[:6], 'contempt'), CLASSES[:6], (*CLASSES, 'contempt')])
def test_other_names_are_refused(config, error_of, trained, tmp_path, classes):
    content = torch.load(trained / 'epoch_2.pth', weights_only=True)
    content['meta']['dataset_meta'] = dict(classes=classes)
    torch.save(content, tmp_path / 'it.pth')
    assert ', '.join(classes) in error_of('test.py', config, tmp_path / 'it.pth', '--work-dir', tmp_path)


def test_changed_faces_and_figures_in_another_order(config, trained, tmp_path):
    face = CONDITIONS['crop side'][UNCHANGED]
    checkpoint = trained / 'epoch_2.pth'
    plain, other = (ChangedFaces(read_config(config), checkpoint, {SPLIT: 'val', **options}, str(tmp_path / name))
                    for name, options in (('a', {}), ('b', OPTION)))
    columns = [SORTED.index(name) for name in CLASSES]
    torch.testing.assert_close(other.predict(face)[:, columns], plain.predict(face))
    assert other.accuracy(other.predict(face)) == plain.accuracy(plain.predict(face))
    drawn = visualize(config, trained / 'epoch_2.pth', tmp_path / 'figures', cfg_options=OPTION)
    assert {*drawn.figures, *drawn.missing} == set(FIGURES)


def test_validation_in_another_order(config, call_tool, trained, tmp_path, scalars):
    """The training validates in its own order, whatever that of the validation data is."""
    call_tool('train.py', config, '--work-dir', tmp_path, '--resume', trained / 'epoch_1.pth', '--cfg-options',
              f'val_dataloader.dataset.classes={",".join(SORTED)}')
    found, expected = scalars(tmp_path)[1][-1], scalars(trained)[1][-1]
    assert found['step'] == expected['step'] == 2
    assert found['accuracy/top1'] == expected['accuracy/top1']
    assert found['calibration/ece'] == pytest.approx(expected['calibration/ece'])


def test_a_training_is_not_resumed_in_another_order(config, error_of, trained, tmp_path):
    message = error_of('train.py', config, '--work-dir', tmp_path, '--resume', trained / 'epoch_1.pth', '--cfg-options',
                       f'train_dataloader.dataset.classes={",".join(SORTED)}')
    assert ', '.join(CLASSES) in message
    assert ', '.join(SORTED) in message


@pytest.mark.parametrize(('classes', 'is_refused'), [
    (SORTED, True), (['anger', *CLASSES[1:]], False), (CLASSES[:6], False), ([*CLASSES[:6], 'contempt'], False),
    (None, False),
])
def test_weights_of_another_order_to_start_from(classes, is_refused):
    """Other classes, and other names of the same, are fine-tuning."""
    dataset = SimpleNamespace(metainfo=dict(classes=classes))
    runner = SimpleNamespace(cfg=dict(resume=False), train_dataloader=SimpleNamespace(dataset=dataset))
    hook = ClassOrderHook()
    hook.after_load_checkpoint(runner, dict(meta=dict(dataset_meta=dict(classes=CLASSES))))
    told = f'{", ".join(CLASSES)}.*{", ".join(SORTED)}'
    with pytest.raises(ValueError, match=told) if is_refused else nullcontext():
        hook.before_train(runner)
    assert hook.classes == (CLASSES if is_refused else classes)


def test_models_inside_of_wrappers():
    class Views(BaseTTAModel):
        def merge_preds(self, samples):
            return samples

    views = Views(module=Model())
    answer_in_order(views, ['a', 'b'], ['b', 'a'])
    assert torch.equal(views.module(torch.tensor([[1.0, 2.0]])), torch.tensor([[2.0, 1.0]]))
