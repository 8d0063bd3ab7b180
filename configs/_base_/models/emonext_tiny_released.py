"""EmoNeXt-tiny as the authors' released code has it, all values theirs (``models.py``, commit ce77dc1).

Other than in their paper: SE after the three inner downsamplings, without bias; attention over the batch, after a
LayerNorm and by C ** 0.25; the STN's grid with ``align_corners``. Pixels are brought to 0..1 and no further, though the
pretrained backbone expects ImageNet's mean and deviation.
"""
_base_ = 'emonext_tiny.py'

data_preprocessor = dict(mean=[0.0] * 3, std=[255.0] * 3, align_corners=True)
model = dict(
    backbone=dict(se_after=(), se_before=(1, 2, 3), se_bias=False),
    head=dict(attention=dict(type='BatchAttentionVariance')),
)
