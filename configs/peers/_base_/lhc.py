"""Recipe of Pecoraro, Basile & Bono, from their code: raw pixels, and their 62 test views."""
_base_ = 'own_recipe.py'

data_preprocessor = dict(
    type='STNDataPreprocessor',
    num_classes=7,
    mean=[0, 0, 0],  # values from 0 to 255: the first norm standardises them
    std=[1, 1, 1],
    localization_size=None,
    padding_mode='border',
    view=dict(type='AffineView', size=224),
)
# The image three times, 53 rotated, shifted and mirrored views, and 6 of its central part.
tta_pipeline = [
    dict(type='ToGrey'),
    dict(type='Views', size=224, views=[
        (1, 0, 0, 0, False), (1, 0, 0, 0, False),
        *((1, radians, x, y, flip) for radians in (0, -0.4, 0.4) for x in (0, -10, 10) for y in (0, -10, 10)
          for flip in (False, True)),
        *((0.9, radians, 0, 0, flip) for radians in (0, -0.15, 0.15) for flip in (False, True)),
    ]),
]
