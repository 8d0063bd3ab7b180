import json

import pytest
import torch
from torch import nn


@pytest.fixture
def memory(script):
    return script('_memory')


def mlp(memory, batch, width=1000, optimizer='SGD', ema=False):
    """Workload with known tensors: (batch, width) -> ReLU -> (batch, width) -> sum."""
    model = nn.Sequential(nn.Linear(width, width, bias=False), nn.ReLU(), nn.Linear(width, width, bias=False))

    def start():
        images = torch.zeros(batch, width)
        found = getattr(torch.optim, optimizer)(model.parameters(), lr=0.1)

        def step():
            found.zero_grad()
            model(images).sum().backward()
            found.step()
        return step

    return memory.Workload(model, start, ema)


def test_parameters_and_gradients(memory):
    weights = 2 * 1000 * 1000 * 4
    assert memory.estimate(mlp(memory, 1)) == pytest.approx(2 * weights, rel=0.01)


def test_ema_is_as_large_as_the_model(memory):
    assert memory.estimate(mlp(memory, 1, ema=True)) - memory.estimate(mlp(memory, 1)) == 2 * 1000 * 1000 * 4


def test_adam_keeps_two_moments(memory):
    weights = 2 * 1000 * 1000 * 4
    more = memory.estimate(mlp(memory, 1, optimizer='Adam')) - memory.estimate(mlp(memory, 1))
    # The step works out of place on one of the two layers at a time, with up to three temporaries.
    assert 2 * weights <= more <= 3.5 * weights


def test_activations_grow_with_the_batch(memory):
    width = 100  # few weights: the peak is in the activations
    more = memory.estimate(mlp(memory, 4000, width)) - memory.estimate(mlp(memory, 2000, width))
    # Live at the start of the backward pass: the inputs of both linear layers, the gradient of the output, which sum()
    # expands without a copy, and the first gradient.
    arrays = more / (2000 * width * 4)
    assert 3 <= arrays <= 4
    assert arrays == pytest.approx(round(arrays), abs=0.02)


def test_no_data_is_computed(memory):
    """The estimate exceeds the memory of any machine."""
    assert memory.estimate(mlp(memory, 2**30)) > 2**40


def test_ema_of_a_config(memory, script, config):
    training = script('_training')
    cfg = training.load_config(config, {}, 'bfloat16', 4)
    parameters = sum(p.numel() for p in memory.config_workload(cfg, 4, 32).model.parameters()) * 4
    ours = memory.peak(memory.config_workload(cfg, 4, 32)) * 2**20
    assert ours > 4 * parameters  # the parameters, EMA, and two moments of AdamW
    without = cfg.copy()
    without.custom_hooks = []
    assert ours - memory.peak(memory.config_workload(without, 4, 32)) * 2**20 == pytest.approx(parameters, rel=0.01)


def test_report(script, config, reference, tmp_path, check_report, capsys, monkeypatch):
    module, path = script('memory'), tmp_path / 'report.json'
    monkeypatch.setattr(module, 'CARD', 10 * 2**20)
    module.main([config, '--sizes', 'mini', '--batches', '2', '64', '--pixels', '64', '--reference', str(reference),
                 '--json', str(path)])
    report = check_report(path, rounds=1)
    assert [table['title'] for table in report['tables']] == ['mini, batch 2', 'mini, batch 64']
    small, large = (table['sides']['ours']['median'] for table in report['tables'])
    assert small < 10 < large
    assert list(report['tables'][0]['sides']) == ['ours', 'timm convnext_mini', 'authors']
    for table in report['tables']:
        assert table['sides']['timm convnext_mini']['median'] < table['sides']['ours']['median']
    assert report['conditions']['fits_16_GB'] == ['mini, batch 2']
    assert report['conditions']['peak'].startswith('estimated')
    assert capsys.readouterr().out.endswith(': mini, batch 2\n')
    assert json.loads(path.read_text())['benchmark'] == 'memory'
