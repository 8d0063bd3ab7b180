"""One grey channel at 48 px, standardised, without a Spatial Transformer."""
data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[129.5],  # FER2013's
    std=[65.0],
    in_channels=1,
    localization_size=None,
    view=dict(type='AffineView', size=48, flip=0.5),
)
