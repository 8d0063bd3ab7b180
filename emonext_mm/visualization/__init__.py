"""Figures: of a training, a test, a model, a comparison."""
