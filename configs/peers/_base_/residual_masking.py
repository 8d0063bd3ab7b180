"""Recipe of Pham, Vu & Tran, from their code, which Vignesh et al. share."""
_base_ = ['divided_by_255.py', 'own_recipe.py']

view = dict(type='AffineView', size=224, degrees=30, flip=0.5)
data_preprocessor = dict(view=view)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='RAdam', lr=1e-4, weight_decay=1e-3, decoupled_weight_decay=True),
)
param_scheduler = dict(
    type='ReduceOnPlateauLR', monitor='accuracy/top1', rule='greater', factor=0.1, patience=2, min_value=1e-6)
train_cfg = dict(max_epochs=51)
default_hooks = dict(early_stopping=dict(type='EarlyStopping', patience=9))
# Their test is the mean of ten random draws of the training's augmentation.
tta_pipeline = [dict(type='ToGrey'), dict(type='RandomViews', view=view, count=10)]
