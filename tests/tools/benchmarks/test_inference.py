import copy
from contextlib import nullcontext

import pytest
import torch
from mmengine.config import Config

from emonext_mm.utils.models import build_model


@pytest.fixture
def inference(script, monkeypatch):
    """The benchmark without PyTorch's compilers, which take half a minute, and without a new process."""
    monkeypatch.setattr('torch._inductor.aoti_compile_and_package', lambda program, package_path: program)
    monkeypatch.setattr('torch._inductor.aoti_load_package', lambda program: program.module())
    monkeypatch.setattr(torch.nn.Module, 'compile', lambda module: setattr(module, 'told_to_compile', True))
    module = script('inference')
    monkeypatch.setattr(module, 'in_new_process', lambda build, *args: nullcontext(build(*args)))
    return module


@pytest.fixture
def model(script, config):
    cfg = Config.fromfile(config)
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    model = build_model(cfg).eval()
    torch.nn.init.normal_(model.data_preprocessor.localization.regressor[-1].weight, std=0.1)  # an STN that warps
    return model


@pytest.mark.skipif(torch.__version__.startswith('2.6.'), reason='torch 2.6 cannot export autocast inside autocast')
def test_all_sides(inference, config, reference, tmp_path, check_report):
    path = tmp_path / 'report.json'
    inference.main([config, '--batches', '2', '--pixels', '32', '--rounds', '2', '--reference', str(reference),
                    '--json', str(path)])
    report = check_report(path, rounds=2)
    table, = report['tables']
    assert table['title'] == '2 faces'
    assert list(table['sides']) == ['ours, eager', 'ours, compiled', 'ours, exported', 'timm convnext_mini', 'authors']
    for side in table['sides'].values():
        assert side['images_per_second'] == pytest.approx(2 / side['median'])


def test_a_table_for_each_batch(inference, config, tmp_path, check_report):
    path = tmp_path / 'report.json'
    inference.main([config, '--batches', '1', '2', '--pixels', '32', '--rounds', '1', '--modes', 'eager',
                    '--json', str(path)])
    assert [table['title'] for table in check_report(path, rounds=1)['tables']] == ['1 faces', '2 faces']


def test_a_size_that_timm_does_not_have(inference, own_size, tmp_path, check_report):
    path = tmp_path / 'report.json'
    inference.main([own_size, '--batches', '1', '--pixels', '32', '--rounds', '1', '--modes', 'eager',
                    '--json', str(path)])
    assert list(check_report(path, rounds=1)['tables'][0]['sides']) == ['ours, eager']


def test_the_exported_model_includes_the_preprocessor(inference, model, tmp_path):
    faces = torch.randint(256, (3, 1, 32, 32), dtype=torch.uint8)
    whole = torch.stack([sample.pred_score for sample in inference.eager(model, faces, 'float32', tmp_path)()])
    exported = inference.exported(copy.deepcopy(model), faces, 'float32', tmp_path)()
    torch.testing.assert_close(exported, whole)
    model.data_preprocessor.localization.reset_identity()
    still = torch.stack([sample.pred_score for sample in inference.eager(model, faces, 'float32', tmp_path)()])
    assert (still - whole).abs().max() > 1e-4  # the STN had an effect


def test_the_backbone_is_compiled(inference, model, tmp_path):
    faces = torch.randint(256, (1, 1, 32, 32), dtype=torch.uint8)
    inference.eager(model, faces, 'float32', tmp_path)
    assert not hasattr(model.backbone, 'told_to_compile')
    inference.compiled(model, faces, 'float32', tmp_path)
    assert model.backbone.told_to_compile


@pytest.mark.parametrize(('precision', 'dtype'), [('float32', torch.float32), ('bfloat16', torch.bfloat16)])
def test_timm_runs_in_the_same_precision(inference, config, precision, dtype):
    with torch.inference_mode():
        logits = inference.timm_call(Config.fromfile(config), 2, 32, precision)()
    assert logits.shape == (2, 7)
    assert logits.dtype == dtype
