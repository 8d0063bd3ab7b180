"""tools/train.py from the command line: results, EMA, kill and resume, options, errors."""
import contextlib
import io
import re
import shlex
import shutil
import signal
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from emonext_mm.compat.config import has_bfloat16
from emonext_mm.utils.commit import find_commit
from emonext_mm.utils.work_dir import find_checkpoint


def load(path):
    return CheckpointLoader.load_checkpoint(str(path), 'cpu')


def assert_same(one, other):
    """Equal to the last bit, at any depth."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        one, other = list(one.values()), list(other.values())
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_same(a, b)
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, other)
    else:
        assert one == other


def assert_same_training(work_dir, other, epoch):
    one, other = load(work_dir / f'epoch_{epoch}.pth'), load(other / f'epoch_{epoch}.pth')
    for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'):
        assert_same(one[part], other[part])


def test_names_the_command_that_tests_it(trained, config):
    line = (trained / 'stdout.txt').read_text().splitlines()[-1]
    options = 'default_hooks.checkpoint.max_keep_ckpts=-1'
    assert line == f'  python tools/test.py {config} {trained} --cfg-options {options}'


def test_checkpoint_names_the_commit(trained):
    found = load(trained / 'epoch_2.pth')['meta']['commit']
    assert found.removesuffix('-dirty') == find_commit().removesuffix('-dirty')


def test_ema_weights_are_the_ones_to_test(trained):
    raw = torch.load(trained / 'raw_weights.pt')
    average = raw[0]
    for step, weight in enumerate(raw[1:], 1):
        average = average.lerp(weight, max(2e-3, 10 / (10 + step)))
    checkpoint = load(trained / 'epoch_2.pth')
    torch.testing.assert_close(checkpoint['state_dict']['head.fc.weight'], average, rtol=0, atol=1e-7)
    assert torch.equal(checkpoint['ema_state_dict']['module.head.fc.weight'], raw[-1])
    assert (average - raw[-1]).abs().max() > 1e-4


def assert_saved_what_was_validated(work_dir, epoch, processes):
    saved = load(work_dir / f'epoch_{epoch}.pth')['state_dict']
    assert any('running_var' in key for key in saved)
    for rank in range(processes):
        assert_same(torch.load(work_dir / f'validated_{epoch}_{rank}.pt'), saved)


@pytest.mark.parametrize('epoch', [1, 2])
def test_saves_what_was_validated(trained, epoch):
    """The averaged weights, with the statistics of the STN's BatchNorm: a test then repeats the validation."""
    assert_saved_what_was_validated(trained, epoch, processes=1)


def test_learning_rate_warms_up_and_ends_near_zero(trained, scalars):
    rates = [line['base_lr'] for line in scalars(trained)[0]]
    assert len(rates) == 20
    assert rates[:4] == sorted(rates[:4])
    assert rates[4:] == sorted(rates[4:], reverse=True)
    assert rates[-1] < 0.01 * max(rates)


@pytest.fixture(scope='module')
def killed(config, run_tool, tmp_path_factory):
    """Killed in the middle of the second epoch; resumed and killed while it saves; resumed to the end."""
    work_dir = tmp_path_factory.mktemp('killed')
    first = run_tool('train.py', config, '--work-dir', work_dir, '--cfg-options', 'custom_hooks.1.kill_after_iter=15')
    shutil.copytree(work_dir, work_dir / 'after_the_first')
    second = run_tool('train.py', config, '--work-dir', work_dir, '--resume', '--no-pin-memory',
                      '--no-persistent-workers', '--cfg-options', 'custom_hooks.1.kill_at_save=2',
                      'train_dataloader.num_workers=1')
    third = run_tool('train.py', config, '--work-dir', work_dir, '--resume')
    return work_dir, (first, second, third)


@pytest.mark.slow
def test_killed_in_an_epoch_it_goes_on_from_the_last_checkpoint(killed, trained, scalars):
    work_dir, runs = killed
    assert [run.returncode for run in runs[:2]] == [-signal.SIGKILL] * 2
    lines = scalars(work_dir)[0]
    expected = scalars(trained)[0]
    expected = [*expected[:14], *expected[10:]]  # iteration 15 did not come to be logged
    for key in ('epoch', 'step', 'base_lr', 'lr', 'loss', 'grad_norm'):
        assert [line[key] for line in lines[:24]] == [line[key] for line in expected]


@pytest.mark.slow
def test_killed_while_it_saves_it_goes_on_from_the_checkpoint_before(killed, trained, scalars):
    work_dir, runs = killed
    assert runs[2].returncode == 0, runs[2].stderr
    assert [line['step'] for line in scalars(work_dir)[0][24:]] == [*range(11, 21)]
    assert_same_training(work_dir, trained, epoch=2)  # as if nothing had happened


@pytest.mark.slow
def test_same_seed_same_weights(killed, trained):
    assert_same_training(killed[0] / 'after_the_first', trained, epoch=1)


@pytest.mark.slow
def test_compiled_it_goes_on_as_if_nothing_had_happened(trained, config, call_tool, tmp_path):
    """From the checkpoint of a training that was not: the same weights, averages and moments to the last bit."""
    torch._dynamo.utils.counters.clear()  # what other tests have compiled
    call_tool('train.py', config, '--work-dir', tmp_path, '--resume', trained / 'epoch_1.pth', '--cfg-options',
              'default_hooks.compile.type=CompileHook', 'default_hooks.compile.backend=aot_eager')
    assert torch._dynamo.utils.counters['stats']['unique_graphs'] == 3  # training, validation, its last batch
    assert_same_training(tmp_path, trained, epoch=2)


@pytest.fixture(scope='module')
def with_options(config, call_tool, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('options')
    with contextlib.redirect_stdout(io.StringIO()) as output:
        call_tool('train.py', config.with_name('full_precision.py'), '--work-dir', work_dir, '--amp',
                  '--no-validate', '--auto-scale-lr', '--cfg-options', 'train_cfg.max_epochs=1',
                  'train_dataloader.num_workers=1', 'data_preprocessor.localization_size=None')
    return work_dir, output.getvalue()


def test_names_the_command_that_tests_it_with_its_options(with_options, call_tool, capfd):
    command = with_options[1].splitlines()[-1]
    config, work_dir, *options = shlex.split(command.partition('tools/test.py')[2])
    assert options == ['--cfg-options', 'train_cfg.max_epochs=1', 'train_dataloader.num_workers=1',
                       'data_preprocessor.localization_size=None']
    call_tool('test.py', config, work_dir, '--work-dir', with_options[0] / 'test', *options)
    assert 'Tested 140 images' in capfd.readouterr().out


def test_the_config_in_the_work_dir_tests_it_too(with_options, call_tool, capfd):
    """Also that of a resumed training."""
    config = with_options[0] / 'full_precision.py'
    config.write_text(f'{config.read_text()}\nresume = True\n')
    call_tool('test.py', config, with_options[0])
    assert 'Tested 140 images' in capfd.readouterr().out


def test_trains_without_stn(with_options, trained):
    keys = load(with_options[0] / 'epoch_1.pth')['state_dict'].keys()
    assert keys == {key for key in load(trained / 'epoch_1.pth')['state_dict'] if 'localization' not in key}


def test_amp_on_a_cpu(with_options):
    """bfloat16 where the CPU has it, else float32; either is announced."""
    dtype = 'bfloat16' if has_bfloat16() else 'float32'
    assert f'logits in torch.{dtype}' in with_options[1]
    assert re.search(rf'no GPU found.* in {dtype}', with_options[1])


def test_without_validation(with_options, scalars):
    work_dir, _ = with_options
    assert scalars(work_dir)[1] == []
    assert find_checkpoint(work_dir) == work_dir / 'epoch_1.pth'


def test_learning_rate_follows_the_batch_size(with_options, trained, scalars):
    ours, unscaled = scalars(with_options[0])[0][0]['lr'], scalars(trained)[0][0]['base_lr']
    assert ours == pytest.approx(unscaled * 14 / 64)


@pytest.mark.slow
def test_two_processes_resume_a_given_checkpoint(config, run_tool, trained, tmp_path, scalars):
    run = run_tool('dist_train.sh', config, 2, '--resume', trained / 'epoch_1.pth', '--work-dir', tmp_path)
    assert run.returncode == 0, run.stderr
    lines, validations = scalars(tmp_path)
    assert [line['epoch'] for line in lines] == [2] * 5  # 140 images in two processes, 14 at a time
    assert len(validations) == 1
    before, after = load(trained / 'epoch_1.pth'), load(tmp_path / 'epoch_2.pth')
    assert before['state_dict'].keys() == after['state_dict'].keys()
    assert [after['optimizer']['state'][0]['step'], before['optimizer']['state'][0]['step']] == [15, 10]
    assert_saved_what_was_validated(tmp_path, 2, processes=2)


def test_stops_early(config, call_tool, tmp_path, scalars):
    """Without a learning rate, no validation is better than the first."""
    call_tool('train.py', config, '--work-dir', tmp_path, '--cfg-options', 'optim_wrapper.optimizer.lr=0',
              'train_cfg.max_epochs=5', 'default_hooks.early_stopping.type=EarlyStopping',
              'default_hooks.early_stopping.patience=2')
    assert [line['step'] for line in scalars(tmp_path)[1]] == [1, 2, 3]
    best = load(find_checkpoint(tmp_path))
    assert best['meta']['epoch'] == 1
    counter = load(tmp_path / 'epoch_3.pth')['message_hub']['runtime_info']['early_stopping'][1]
    assert counter == 2  # also of its own validation


def test_starts_from_a_checkpoint_of_other_classes(config, call_tool, trained, tmp_path):
    """Model and average take the rest: a step without a learning rate leaves both at the average of the checkpoint."""
    call_tool('train.py', config, '--work-dir', tmp_path, '--no-validate', '--cfg-options', 'train_cfg.max_epochs=1',
              'train_dataloader.dataset.num_samples=28', f'load_from={trained / "epoch_2.pth"}',
              'model.head.num_classes=8', 'optim_wrapper.optimizer.lr=0')
    before, after = load(trained / 'epoch_2.pth')['state_dict'], load(tmp_path / 'epoch_1.pth')
    average = {key.removeprefix('module.'): value for key, value in after['ema_state_dict'].items()}
    for weights in (after['state_dict'], average):
        assert weights['head.fc.weight'].shape == (8, 16)
        for key, value in before.items():
            if 'head.fc' not in key and 'running' not in key and 'num_batches' not in key:
                torch.testing.assert_close(weights[key], value, msg=key)


@pytest.mark.parametrize(('options', 'told'), [
    (['novalue'], "'novalue'"),
    (['train_dataloader.batch_size=1000'], 'batch_size is 1000, but there are 140'),
    (['model.backbone.se_aftr=[]'], r'model\.backbone\.se_aftr \(nearest: se_after\)'),
    (['train_cfg.max_epoch=5'], r'train_cfg\.max_epoch \(nearest: max_epochs\)'),
    (['default_hooks.checkpoint.save_best=accuracy/top9'], "save_best is 'accuracy/top9'.*accuracy/top1"),
    (['default_hooks.early_stopping.type=EarlyStopping', 'default_hooks.early_stopping.monitor=acc'], "'acc'"),
])
def test_options_that_cannot_be_right(config, error_of, tmp_path, options, told):
    """Known before the first step."""
    assert re.search(told, error_of('train.py', config, '--work-dir', tmp_path, '--cfg-options', *options))
    assert not list(tmp_path.glob('*.pth'))


def test_chooses_nothing_on_the_test_images(config, error_of):
    message = error_of('train.py', config, '--cfg-options', 'val_dataloader.dataset.split=test')
    assert 'val_dataloader' in message


def test_no_such_config(error_of):
    assert re.search(r'no_such\.py', error_of('train.py', 'no_such.py'))


def test_no_data(call_tool, tmp_path):
    """The one error of more than a line: it shows what the folder should look like."""
    config = Path(__file__).parents[2] / 'configs' / 'emonext_tiny_fer2013.py'
    options = ('model.backbone.init_cfg=None', *(f'{split}_dataloader.dataset.data_root={tmp_path}'
                                                 for split in ('train', 'val')))
    with pytest.raises(SystemExit, match=rf'error: No FER2013 data in {tmp_path}\n(.*\n)+  train\.csv') as end:
        call_tool('train.py', config, '--work-dir', tmp_path / 'work', '--cfg-options', *options)
    assert 'kaggle' in end.value.code


WEIGHTS = ('model.backbone.init_cfg.type=Pretrained', 'model.backbone.init_cfg.checkpoint={}')


def test_no_such_weights(config, error_of, tmp_path):
    options = [option.format(tmp_path / 'no_such.pth') for option in WEIGHTS]
    assert 'no_such.pth' in error_of('train.py', config, '--work-dir', tmp_path, '--cfg-options', *options)


def test_weights_that_cannot_be_had_name_both_ways_out(config, error_of, tmp_path, monkeypatch):
    options = [option.format('timm://convnext_tiny.fb_in22k') for option in WEIGHTS]
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))
    message = error_of('train.py', config, '--work-dir', tmp_path, '--cfg-options', *options)
    assert '--cfg-options model.backbone.init_cfg.checkpoint=timm://FILE' in message
    assert '--cfg-options model.backbone.init_cfg=None' in message
