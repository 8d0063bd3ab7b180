"""EmoNeXt-mini for grey 48 px faces and training from scratch. The paper's parts are as at 224 px: STN, SE after each
stage, element attention.
"""
_base_ = 'emonext_mini_net.py'

data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[129.5],  # FER2013's
    std=[65.0],
    in_channels=1,
    localization_size=48,
    padding_mode='border',  # as a crop of a photograph: no black frame around the face
)
