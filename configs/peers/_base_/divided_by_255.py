"""Three equal channels whose pixels are divided by 255 and nothing else, without a Spatial Transformer."""
data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[0, 0, 0],
    std=[255, 255, 255],
    localization_size=None,
    view=dict(type='AffineView', size=224, flip=0.5),
)
