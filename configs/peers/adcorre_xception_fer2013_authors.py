"""Ad-Corre on FER2013 as its released code trains it: ten embeddings, and no gradient of the correlation terms.

    python tools/train.py configs/peers/adcorre_xception_fer2013_authors.py

Published: see adcorre_xception_fer2013.
Cost and result: not measured yet.
Origin of the values: the authors' code computes the terms in NumPy, so that the network learns by cross entropy alone.
"""
_base_ = 'adcorre_xception_fer2013.py'

model = dict(head=dict(num_embeddings=10, fd_weight=0, md_weight=0, ed_weight=0, adaptive=False))
