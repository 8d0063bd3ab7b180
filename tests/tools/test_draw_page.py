import numpy as np
from PIL import Image

from tests.helpers.documentation import load_tool


def test_pictures(tmp_path):
    """Each has three drawn faces where the boxes are, and nothing else."""
    tool = load_tool('tools/draw_page.py')
    paths = tool.draw_pictures(tmp_path)
    assert len(paths) == tool.PICTURES
    for path in paths:
        pixels = np.asarray(Image.open(path))
        outside = np.ones(pixels.shape[:2], bool)
        for left, top, right, bottom in tool.BOXES:
            face = pixels[top:bottom, left:right]
            assert (face[..., 0] == face[..., 2]).all()  # grey
            assert face.std() > 10
            outside[top:bottom, left:right] = False
        assert (pixels[outside] == pixels[0, 0]).all()
