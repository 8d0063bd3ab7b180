import os

import pytest

from emonext.errors import EmonextError
from emonext.files import check_file


def test_a_file_and_what_is_none(tmp_path):
    (tmp_path / 'file').touch()
    check_file(tmp_path / 'file', 'it')
    os.mkfifo(tmp_path / 'pipe')
    for name in ('none', 'pipe', '.', 'a' * 300, 'zero\0byte'):
        with pytest.raises(EmonextError, match='it: ') as error:
            check_file(str(tmp_path / name), 'it')
        assert '\n' not in str(error.value)
