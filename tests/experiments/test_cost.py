from mmengine.config import Config

from emonext_mm.experiments.cost import count_cost


def test_by_hand(config):
    """EmoNeXt of four stages of one block with 16 channels, on maps of 12, 6, 3 and 1 pixels, for seven classes."""
    cfg = Config.fromfile(config)
    cfg.model.backbone.se_after = []
    cfg.data_preprocessor.localization_size = None
    pixels = [12 ** 2, 6 ** 2, 3 ** 2, 1]
    stem, depthwise, pointwise, down, classes = 4 * 4 * 3 * 16, 7 * 7 * 16, 4 * 16 * 16, 2 * 2 * 16 * 16, 7 * 16
    cost = count_cost(cfg)
    assert cost.multiply_adds == (
        stem * pixels[0] + (depthwise + 2 * pointwise) * sum(pixels) + down * sum(pixels[1:]) + classes)
    norm, scale, biases = 2 * 16, 16, 16 + 64 + 16
    attention = 2 * (16 * 16 + 16)
    assert cost.parameters == (
        stem + 16 + norm + 3 * (norm + down + 16) + 4 * (depthwise + norm + 2 * pointwise + scale + biases) + norm
        + classes + 7 + attention)


def test_the_spatial_transformer_counts(config):
    with_stn, without = Config.fromfile(config), Config.fromfile(config)
    without.data_preprocessor.localization_size = None
    assert all(more > less for more, less in zip(count_cost(with_stn), count_cost(without)))


def test_attention_counts(config):
    """A transformer of one layer: 16 patches of 12 pixels and a class token, 8 channels, two heads."""
    cfg = Config.fromfile(config)
    arch = dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=16)
    vit = dict(type='VisionTransformer', arch=arch, img_size=48, patch_size=12)
    cfg.model = dict(type='ImageClassifier', backbone=vit)
    cfg.data_preprocessor.localization_size = None
    tokens, width = 17, 8
    patches = 16 * (3 * 12 * 12) * width
    projections = tokens * (3 * width * width + width * width)
    attention = 2 * tokens * tokens * width
    assert count_cost(cfg).multiply_adds == patches + projections + attention + 2 * tokens * width * 16


def test_preprocessor_within_the_model(config):
    cfg = Config.fromfile(config)
    inner = Config.fromfile(config)
    inner.model.data_preprocessor = inner.pop('data_preprocessor')
    assert count_cost(inner) == count_cost(cfg)
