"""LHC-NetC on FER2013 under the common recipe for 224 px.

    python tools/train.py configs/peers/lhcnetc_34_fer2013_common.py

Published: see lhcnetc_34_fer2013.
Cost and result: not measured yet.
Origin of the values: those of lhcnet_34_fer2013_common; the gates learn together with everything else.
"""
_base_ = 'lhcnet_34_fer2013_common.py'

model = dict(backbone=dict(gates=(0.0, 0.0, 0.0, -1.0, -0.5)))
