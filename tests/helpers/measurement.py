"""Figures of a measurement."""
HEADLINE = dict(views=1, accuracy=61.234, ci95_low=59.5, ci95_high=63.0, macro_f1=57.111, uar=56.222, ece=4.567)
LEAK_FREE = dict(accuracy=60.345, ci95_low=58.25, ci95_high=62.75, samples=70)
FIGURES = dict(
    conditions=dict(config='it', checkpoint='work/best.pth', epoch=3, iteration=30, weights='EMA', views=1,
                    dataset=dict(type='FER2013'), split='PublicTest', samples=90, leak_free=70),
    parameters=3456789,
    single_view=dict(HEADLINE, leak_free=LEAK_FREE),
    ten_crops=dict(HEADLINE, views=10, accuracy=64.321, leak_free=None),
    classes={'sad': {'samples': 50, 'predicted': 44, 'precision': 71.111, 'recall': 62.222, 'f1-score': 66.333},
             '[b]': {'samples': 40, 'predicted': 46, 'precision': 0.0, 'recall': 0.0, 'f1-score': 0.0}},
    calibration=dict(temperature=1.2345, ece_before=7.891, ece_after=2.346),
    robustness={'crop side': {'crop side 0.90': dict(accuracy=60.123, loss=1.111)},
                'blur': {'blur 1 px': dict(accuracy=62.0, loss=-0.766)}},
    goals={'crop side 0.90 to 1.20': dict(condition='crop side 0.90', loss=1.111)},
)
