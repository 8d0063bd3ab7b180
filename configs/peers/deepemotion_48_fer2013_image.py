"""Deep Emotion on FER2013 with the image warped in place of the feature map, as a popular re-implementation has it.

    python tools/train.py configs/peers/deepemotion_48_fer2013_image.py

Published: see deepemotion_48_fer2013; users of `omarsayed7/Deep-Emotion` report 47 to 57 %.
Cost and result: not measured yet.
Origin of the values: deepemotion_48_fer2013. Deviation: the localisation network is EmoNeXt's, with norms.
"""
_base_ = 'deepemotion_48_fer2013.py'

data_preprocessor = dict(localization_size=48)
model = dict(backbone=dict(localization=None))
