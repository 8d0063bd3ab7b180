import timm
import torch

from tests.helpers.record_authors import draw_weights


def test_next_command_of_a_model(call_tool, tmp_path, capfd):
    torch.save(dict(model=draw_weights()), tmp_path / 'authors.pt')
    call_tool('convert_checkpoint.py', tmp_path / 'authors.pt', tmp_path / 'made.pth', '--source', 'authors')
    assert capfd.readouterr().out == (
        f'{tmp_path}/made.pth: EmoNeXt-tiny, raw weights. To test it:\n'
        f'  python tools/test.py configs/emonext_tiny_fer2013_authors.py {tmp_path}/made.pth --tta\n')


def test_next_command_of_a_backbone(call_tool, tmp_path, capfd):
    torch.save(timm.create_model('convnext_atto').state_dict(), tmp_path / 'timm.pth')
    call_tool('convert_checkpoint.py', tmp_path / 'timm.pth', tmp_path / 'made.pth', '--source', 'timm')
    assert capfd.readouterr().out == (
        f'{tmp_path}/made.pth: the backbone of a ConvNeXt-atto. To start from it:\n'
        f'  --cfg-options model.backbone.init_cfg.checkpoint=mmpretrain://{tmp_path}/made.pth\n')


def test_errors(error_of, tmp_path):
    arguments = tmp_path / 'made.pth', '--source', 'timm'
    assert 'none.pth' in error_of('convert_checkpoint.py', tmp_path / 'none.pth', *arguments)
    (tmp_path / 'cut.pth').write_bytes(b'PK')
    assert 'cut.pth was not loaded' in error_of('convert_checkpoint.py', tmp_path / 'cut.pth', *arguments)
    torch.save({}, tmp_path / 'empty.pth')
    assert "empty.pth: these are not the weights of timm's ConvNeXt: no weights found" in error_of(
        'convert_checkpoint.py', tmp_path / 'empty.pth', *arguments)
    assert not (tmp_path / 'made.pth').exists()
