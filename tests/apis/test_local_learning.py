"""Predictions by local learning on written faces: the file, the features of a model, trials on few faces."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from sklearn.preprocessing import normalize

from emonext_mm.apis.local_learning import _extract, learn_locally
from emonext_mm.datasets import FER2013
from emonext_mm.evaluation.local_svm import LocalSVM
from emonext_mm.evaluation.predictions import read_predictions
from emonext_mm.utils.models import build_model
from tests.helpers.fer2013_files import make_faces, write_fer2013

CONFIG = Path(__file__).parents[2] / 'configs' / 'peers' / 'deepemotion_48_fer2013.py'
WORDS = (6, 5, 4)


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('fer2013')
    write_fer2013(folder, make_faces(42))
    return str(folder)


@pytest.fixture(scope='module')
def trained(data_root, tmp_path_factory):
    """A model and its checkpoint, as a training leaves it."""
    torch.manual_seed(0)
    model = build_model(Config.fromfile(CONFIG))
    path = tmp_path_factory.mktemp('trained') / 'it.pth'
    meta = dict(dataset_meta=dict(classes=FER2013(data_root=data_root, split='val').metainfo['classes']))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return model.eval(), path


def test_visual_words(data_root, tmp_path):
    found = learn_locally(tmp_path / 'it.json', bovw=True, data_root=data_root, split='val', words=WORDS, neighbours=9)
    predictions = read_predictions(tmp_path / 'it.json')
    assert found.columns == 6 + 4 * 5 + 16 * 4
    assert found.samples == len(predictions.ids) == 12
    assert found.accuracy == pytest.approx(100 * np.mean(predictions.labels == predictions.predicted))
    assert predictions.conditions['split'] == 'PublicTest'
    np.testing.assert_allclose(predictions.probabilities.sum(1), 1, atol=1e-6)


def test_features_of_a_model(data_root, trained, tmp_path):
    """50 values before the last layer, of faces that are standardised as in the config."""
    model, checkpoint = trained
    learn_locally(tmp_path / 'it.csv', [(CONFIG, checkpoint)], data_root=data_root, split='val', neighbours=9)
    train, test = (FER2013(data_root=data_root, split=split) for split in ('train', 'val'))
    features = []
    for each in (train, test):
        images = (torch.from_numpy(each.images.astype(np.float32))[:, None] - 129.5) / 65
        with torch.no_grad():
            features.append(normalize(model.head.pre_logits(model.backbone(images)).numpy()))
    scores = LocalSVM(9).scores(features[0], train.labels, features[1], 7)
    assert np.array_equal(read_predictions(tmp_path / 'it.csv').predicted, scores.argmax(1))


def test_fusion_and_trial(data_root, trained, tmp_path):
    found = learn_locally(tmp_path / 'it.json', [(CONFIG, trained[1])] * 2, True, data_root=data_root, split='test',
                          words=WORDS, neighbours=9, faces=5)
    assert found.columns == 50 + 50 + 90
    assert found.samples == 5


@pytest.mark.parametrize('name', ['googlenet_fer2013', 'inceptionv3_fer2013'])
def test_features_of_a_net_whose_last_layer_is_in_the_backbone(name, data_root):
    """1,024 and 2,048 values, from which the last layer makes the logits."""
    cfg = Config.fromfile(CONFIG.with_name(f'{name}.py'))
    cfg.model.backbone.init_cfg = None
    cfg.data_preprocessor.view.update(size=76, resize=76)
    model = build_model(cfg)
    model.eval()
    dataset = FER2013(data_root=data_root, split='val')
    found = torch.from_numpy(_extract(model, dataset, cfg.test_dataloader.dataset.pipeline))
    assert found.shape == (12, model.backbone.fc.in_features)
    inputs = model.data_preprocessor(dict(inputs=torch.from_numpy(dataset.images[:, None].repeat(3, 1))))
    with torch.no_grad():
        torch.testing.assert_close(model.backbone.fc(found), model.backbone(inputs['inputs'])[-1])


@pytest.mark.parametrize(('options', 'message'), [
    (dict(), 'no features'), (dict(bovw=True, words=(10 ** 6, 5, 4)), '1000000')])
def test_errors_leave_no_file(data_root, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        learn_locally(tmp_path / 'it.json', data_root=data_root, **options)
    assert not (tmp_path / 'it.json').exists()
