"""Inception for 48 px in the layout of Pramerdorfer & Kampel, with widths of GoogLeNet. 3,129,095 parameters."""
model = dict(
    type='ImageClassifier',
    backbone=dict(type='FERInception'),
    neck=dict(type='FlattenNeck', pool=1, dropout=0.2),
    head=dict(type='LinearClsHead', num_classes=7, in_channels=832),
)
