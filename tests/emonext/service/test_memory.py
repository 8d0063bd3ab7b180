import subprocess
import sys

import pytest

CODE = """
import io, sys
from PIL import Image
from emonext.pictures import read_picture
from emonext.service.memory import return_large_blocks
if sys.argv[1] == 'yes':
    return_large_blocks()
file = io.BytesIO()
Image.new('RGB', (5000, 5000)).save(file, 'BMP')
for _ in range(3):
    read_picture(file.getvalue(), 'it').sum()
del file
print(int(open('/proc/self/statm').read().split()[1]) * 4096 // 10**6)
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='/proc')
def test_large_blocks_are_returned():
    """The process is not larger than Python, NumPy and Pillow are by themselves."""
    done = subprocess.run([sys.executable, '-c', CODE, 'yes'], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120
