import numpy as np
import pytest

from emonext.errors import EmonextError
from emonext.faces.base import Detection
from emonext.faces.table import BoxTable

PICTURE = np.zeros((9, 9, 3), np.uint8)


def table(tmp_path, text):
    path = tmp_path / 'boxes.csv'
    path.write_text(text)
    return BoxTable(path)


def test_boxes_by_path_and_name(tmp_path):
    found = table(tmp_path, 'left,top,right,bottom,source,extra\n1,2,3.5,4,in/a.jpg,\n0,0,9,9,b.jpg,x\n5,5,6,6,b.jpg,\n'
                            ',,,,c.jpg,\n')
    assert found(PICTURE, 'in/a.jpg') == [Detection((1, 2, 3.5, 4), None, False)]
    assert [each.box for each in found(PICTURE, 'other/b.jpg')] == [(0, 0, 9, 9), (5, 5, 6, 6)]
    assert found(PICTURE, 'c.jpg') == []
    with pytest.raises(EmonextError, match=r'd\.jpg'):
        found(PICTURE, 'd.jpg')


@pytest.mark.parametrize(('one', 'other'), [('a/1.png', 'b/1.png'), ('1.png', 'b/1.png'), ('b/1.png', './1.png')])
def test_a_file_name_that_fits_two_pictures(tmp_path, one, other):
    found = table(tmp_path, 'source,left,top,right,bottom\n1.png,1,2,3,4\n')
    assert len(found(PICTURE, one)) == len(found(PICTURE, f'./{one}')) == 1  # the same picture again
    with pytest.raises(EmonextError, match=rf'{other}.*{one}'):
        found(PICTURE, other)


@pytest.mark.parametrize(('row', 'words'), [
    ('1,2,x,4', "row 3.*'x'"), ('1,2,nan,4', 'row 3.*nan'), ('1,2,,4', 'row 3'), ('5,2,3,4', 'row 3.*5'),
    ('1,2,inf,4', 'row 3.*inf'), ('1,2', 'row 3.*cells'), ('0.2,0.1,0.8,0.9', 'row 3.*pixel')])
def test_bad_rows(tmp_path, row, words):
    with pytest.raises(EmonextError, match=rf'boxes\.csv, {words}'):
        table(tmp_path, f'source,left,top,right,bottom\na,1,2,3,4\nb,{row}\n')


def test_bad_files(tmp_path):
    for header, words in (('source,left,right,bottom', '0 columns top'),
                          ('source,left,top,right,bottom,left', '2 .* left')):
        with pytest.raises(EmonextError, match=words):
            table(tmp_path, header + '\n')
    with pytest.raises(EmonextError, match='unexpected end'):
        table(tmp_path, 'source,left,top,right,bottom\n"a,1,2,3,4\n')
    with pytest.raises(EmonextError, match=r'none\.csv'):
        BoxTable(tmp_path / 'none.csv')
    (tmp_path / 'binary.csv').write_bytes(bytes(range(128, 256)))
    with pytest.raises(EmonextError, match=r'binary\.csv'):
        BoxTable(tmp_path / 'binary.csv')


def test_boxes_of_videos_are_refused(tmp_path):
    with pytest.raises(EmonextError, match='row 2: frame 7'):
        table(tmp_path, 'source,frame,left,top,right,bottom\na.mp4,7,1,2,3,4\n')
