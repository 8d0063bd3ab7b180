"""EmoNeXt-tiny as in the authors' code, all values theirs (``models.py``, commit ce77dc1).

Deviations from the paper: SE after the three inner downsamplings, without bias; attention over the batch, after a
LayerNorm and scaled by C ** 0.25; the STN's grid with ``align_corners``. Pixels are scaled to [0, 1] and not normalised
further, although the pretrained backbone expects ImageNet's mean and standard deviation.
"""
_base_ = 'emonext_tiny.py'

data_preprocessor = dict(mean=[0.0] * 3, std=[255.0] * 3, align_corners=True)
model = dict(
    backbone=dict(se_after=(), se_before=(1, 2, 3), se_bias=False),
    head=dict(attention=dict(type='BatchAttentionVariance')),
)
