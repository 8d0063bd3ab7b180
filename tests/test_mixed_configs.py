"""Our parts in configs of MMPretrain's models, and its parts around ours: each builds, trains a step and tests.

The same configs in full size: ``.ci/mixed``.
"""
import pytest
import torch

from tests.helpers.augmentations import AUGMENTATIONS
from tests.helpers.mixed_configs import MIXED, train_and_test, write_data


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp('fer2013'))


@pytest.mark.parametrize('name', MIXED)
def test_trains_a_step_and_tests(name, data_root, tmp_path):
    runner, metrics, start = train_and_test(MIXED[name](data_root, small=True), tmp_path)
    changed = {key for key, value in runner.model.named_parameters() if not torch.equal(value, start[key])}
    assert runner.iter >= 1
    assert all(value.isfinite().all() for value in runner.model.parameters())
    assert any(key.endswith('accuracy/top1') for key in metrics)
    assert any(key.startswith('head.') for key in changed)
    kind, _, rest = name.partition('-')
    CHECKS[kind](rest, runner, start, changed)


def check_stn(net, runner, start, changed):
    """The host's initialisation of the model has left the identity; the step has changed the last layer."""
    last = 'data_preprocessor.localization.regressor.2'
    assert torch.equal(start[f'{last}.bias'].view(2, 3), torch.eye(2, 3))
    assert not start[f'{last}.weight'].any()
    assert f'{last}.bias' in changed
    # The head of the host's ViT starts at 0, so that the first gradient ends there.
    assert f'{last}.weight' in changed or net == 'vit'


def check_sa(net_and_labels, runner, start, changed):
    losses = [value.current() for key, value in runner.message_hub.log_scalars.items() if key.endswith('loss_sa')]
    assert losses
    assert all(loss > 0 for loss in losses)


def check_fer2013(wrapper, runner, start, changed):
    parts = dict(augmented=len(AUGMENTATIONS), repeat=8, kfold=4)
    assert len(runner.train_dataloader.dataset) >= parts.get(wrapper, 5)


def check_emonext(option, runner, start, changed):
    backbone = runner.model.backbone
    if option == 'frozen':
        stages = {key.split('.')[2] for key in changed if key.startswith(('backbone.stages', 'backbone.se_after'))}
        assert stages == {'2', '3'}
    if option == 'layer_decay':
        rates = {group['param_name']: group['lr'] for group in runner.optim_wrapper.optimizer.param_groups}
        assert rates['backbone.stages.0.0.norm.weight'] < rates['backbone.stages.3.0.norm.weight'] < 1e-3
        assert rates['backbone.se_after.0.conv1.conv.weight'] == rates['backbone.stages.0.0.norm.weight']
        assert rates['head.fc.weight'] == 1e-3
    if option == 'grn':
        assert {f'backbone.stages.{stage}.0.grn.gamma' for stage in range(4)} <= changed
    if option == 'checkpointing':
        assert backbone.stages[0][0].with_cp
    if option == 'out_indices':
        assert [each.shape[1] for each in backbone(torch.rand(1, 3, 64, 64))] == [24, 48]


CHECKS = dict(stn=check_stn, sa=check_sa, emonext=check_emonext, fer2013=check_fer2013)
