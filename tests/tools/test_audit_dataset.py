import pytest

from emonext_mm.apis.audit import audit
from tests.helpers.fer2013_files import make_faces, write_fer2013


def test_report_and_paths_are_printed(call_tool, tmp_path, capsys):
    root = write_fer2013(tmp_path / 'data', make_faces()).parent
    call_tool('audit_dataset.py', root, '--out', tmp_path / 'out')
    printed = capsys.readouterr().out
    assert audit(root).text in printed
    assert printed.endswith(f'{tmp_path}/out/audit.json, {tmp_path}/out/audit.png\n')
    assert len(list((tmp_path / 'out').iterdir())) == 2


def test_missing_data_are_one_line(call_tool, tmp_path):
    with pytest.raises(SystemExit, match=f'^error: No FER2013 data in {tmp_path}'):
        call_tool('audit_dataset.py', tmp_path)
