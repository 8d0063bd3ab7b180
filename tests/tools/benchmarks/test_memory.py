import json

import pytest
import torch
from torch import nn

ATTO = {'model.backbone.arch': 'atto', 'model.head.in_channels': 320}


@pytest.fixture
def memory(script):
    return script('_memory')


def mlp(memory, batch, width=1000, optimizer='SGD', ema=False):
    """A workload of which every byte is known: (batch, width) -> ReLU -> (batch, width) -> sum."""
    model = nn.Sequential(nn.Linear(width, width, bias=False), nn.ReLU(), nn.Linear(width, width, bias=False))

    def start():
        images = torch.zeros(batch, width)
        found = getattr(torch.optim, optimizer)(model.parameters(), lr=0.1)

        def step():
            found.zero_grad()
            model(images).sum().backward()
            found.step()
        return found, step

    return memory.Workload(model, start, ema)


def test_parameters_and_gradients(memory):
    weights = 2 * 1000 * 1000 * 4
    assert memory.reckon(mlp(memory, 1)) == pytest.approx(2 * weights, rel=0.01)


def test_ema_is_a_copy_of_the_model(memory):
    assert memory.reckon(mlp(memory, 1, ema=True)) - memory.reckon(mlp(memory, 1)) == 2 * 1000 * 1000 * 4


def test_adam_keeps_two_more(memory):
    weights = 2 * 1000 * 1000 * 4
    more = memory.reckon(mlp(memory, 1, optimizer='Adam')) - memory.reckon(mlp(memory, 1))
    # and works out of place on one of the two layers at a time, with up to three temporaries
    assert 2 * weights <= more <= 3.5 * weights


def test_activations_grow_with_the_batch(memory):
    width = 100  # few weights: the peak is in the activations
    more = memory.reckon(mlp(memory, 4000, width)) - memory.reckon(mlp(memory, 2000, width))
    # At the start of the backward pass: what both linear layers and the ReLU keep (the ReLU's output is the second
    # layer's input), the output's gradient, which sum() expands without a copy, and the first gradient.
    arrays = more / (2000 * width * 4)
    assert 3 <= arrays <= 4
    assert arrays == pytest.approx(round(arrays), abs=0.02)


def test_no_data_is_computed(memory):
    """More than any machine has."""
    assert memory.reckon(mlp(memory, 2**30)) > 2**40


def test_a_config_and_timm(memory, script, config):
    training = script('_training')
    cfg = training.load_config(config, ATTO, 'bfloat16', 4)
    parameters = sum(p.numel() for p in memory.config_workload(cfg, 4, 32).model.parameters()) * 4
    ours = memory.peak(memory.config_workload(cfg, 4, 32)) * 2**20
    assert ours > 4 * parameters  # themselves, EMA, and two of AdamW
    without = cfg.copy()
    without.custom_hooks = []
    assert ours - memory.peak(memory.config_workload(without, 4, 32)) * 2**20 == pytest.approx(parameters, rel=0.01)
    assert memory.peak(memory.timm_workload(cfg, 4, 32, 'bfloat16')) * 2**20 < ours


def test_report(script, config, reference, tmp_path, check_report, capsys, monkeypatch):
    monkeypatch.setattr(script('_reference'), 'SIZES', ('atto',))
    module, path = script('memory'), tmp_path / 'report.json'
    monkeypatch.setattr(module, 'CARD', 120 * 2**20)
    module.main([config, '--sizes', 'atto', '--batches', '2', '64', '--pixels', '64', '--reference', str(reference),
                 '--json', str(path)])
    report = check_report(path, rounds=1)
    assert [table['title'] for table in report['tables']] == ['atto, batch 2', 'atto, batch 64']
    small, large = (table['sides']['ours']['median'] for table in report['tables'])
    assert small < 120 < large
    assert list(report['tables'][0]['sides']) == ['ours', 'timm convnext_atto', 'authors']
    assert report['conditions']['fits_16_GB'] == ['atto, batch 2']
    assert report['conditions']['peak'].startswith('reckoned')
    assert capsys.readouterr().out.endswith('In a card of 16 GB fit: atto, batch 2\n')
    assert json.loads(path.read_text())['benchmark'] == 'memory'
