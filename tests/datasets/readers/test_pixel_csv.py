import numpy as np
import pytest

from emonext_mm.datasets.readers.pixel_csv import read_pixel_csv
from tests.helpers.fer2013_files import csv_rows, make_faces, pixel_text, write_fer2013, write_lines

HEADER = 'emotion,pixels,Usage'


@pytest.fixture
def faces():
    return make_faces()


def read_pixels(folder, *texts):
    """Read a csv file with these texts in the column of the pixels, (N, 2304)."""
    rows = [['3', text, 'Training'] for text in texts]
    return read_pixel_csv(write_lines(folder / 'fer2013.csv', HEADER, rows)).images.reshape(-1, 2304)


# pixels

def test_every_value_beside_every_kind_of_neighbour(tmp_path):
    rng = np.random.default_rng(1)
    values = np.concatenate([np.arange(256), rng.integers(0, 256, 1792), rng.integers(0, 12, 256)])
    rows = [rng.permutation(values) for _ in range(20)]
    np.testing.assert_array_equal(read_pixels(tmp_path, *map(pixel_text, rows)), rows)


@pytest.mark.parametrize('form', ['"%s"', ' "%s" ', '  %s  ', '007 %s', '\t%s'])
def test_quotes_blanks_and_leading_zeros(tmp_path, form):
    values = np.arange(2304) % 256
    values[0] = 7
    text = pixel_text(values[1:] if form.startswith('007') else values)
    np.testing.assert_array_equal(read_pixels(tmp_path, form % text.replace(' 9 ', '   9 ')), values[None])


@pytest.mark.parametrize(('index', 'text', 'message'), [
    (5, '256', "pixel 6 is '256', expected an integer of 0 to 255"),
    (5, '1255', "pixel 6 is '1255'"),
    (5, '65541', "pixel 6 is '65541'"),
    (5, '99999999999999999999', "pixel 6 is '99999999999999999999'"),
    (0, '-1', "pixel 1 is '-1'"),
    (2303, '3.5', "pixel 2304 is '3.5'"),
    (7, 'x', "pixel 8 is 'x'"),
    (7, 'é', "pixel 8 is 'é'"),
    (7, '²', "pixel 8 is '²'"),
    (7, '1\0', r"pixel 8 is '1\\x00'"),
    (7, '1\u00a02', r"pixel 8 is '1\\xa02'"),
    (7, '', '2,303 pixels, expected 2,304'),
    (7, '1 2', '2,305 pixels, expected 2,304'),
    (2303, '1;2', "pixel 2304 is '1;2'"),
    (slice(None), '', '0 pixels, expected 2,304'),
])
def test_message_names_the_wrong_pixel(tmp_path, index, text, message):
    numbers = np.full(2304, '17', object)
    numbers[index] = text
    with pytest.raises(ValueError, match=f'line 2: {message}'):
        read_pixels(tmp_path, ' '.join(numbers))


def test_other_separator_than_blanks(tmp_path):
    with pytest.raises(ValueError, match="pixel 2 is '4;5', expected"):
        read_pixels(tmp_path, '3 4;5' + ' 6' * 2301)


def test_bytes_that_are_not_utf8(tmp_path):
    path = write_lines(tmp_path / 'fer2013.csv', HEADER, [['3', '17 ' * 2304, 'Training']])
    path.write_bytes(path.read_bytes().replace(b'17 17 ', b'17 \xff ', 1))
    with pytest.raises(ValueError, match=f"^{path}, line 2: pixel 2 is '\ufffd'"):
        read_pixel_csv(path)


# rows

def test_rows_keep_their_order_within_a_split(tmp_path, faces):
    table = read_pixel_csv(write_fer2013(tmp_path, faces))
    for split, name in (('train', 'Training'), ('val', 'PublicTest'), ('test', 'PrivateTest')):
        part = table.split_slice(split)
        rows = faces.of(name)
        assert table.rows[part].tolist() == rows
        assert table.labels[part].tolist() == [faces.labels[row] for row in rows]
        np.testing.assert_array_equal(table.images[part], faces.images[rows])


def test_header_in_any_order_case_and_with_blanks(tmp_path, faces):
    plain = read_pixel_csv(write_fer2013(tmp_path, faces))
    rows = [[split, 'x', pixels, f' {label} '] for label, pixels, split in csv_rows(faces)]
    odd = read_pixel_csv(write_lines(tmp_path / 'odd.csv', '\ufeff USAGE ,note,"Pixels", Emotion', rows))
    np.testing.assert_array_equal(odd.images, plain.images)
    np.testing.assert_array_equal(odd.labels, plain.labels)
    np.testing.assert_array_equal(odd.splits, plain.splits)


def test_quoted_commas_in_another_column(tmp_path, faces):
    rows = [['"a, ""b"", c"', label, f'"{pixels}"', split] for label, pixels, split in csv_rows(faces)]
    table = read_pixel_csv(write_lines(tmp_path / 'fer2013.csv', 'note,emotion,pixels,Usage', rows))
    np.testing.assert_array_equal(table.images, faces.images[table.rows])


def test_windows_line_ends_blank_lines_and_no_last_line_end(tmp_path, faces):
    path = write_fer2013(tmp_path, faces)
    plain = read_pixel_csv(path)
    path.write_bytes(path.read_bytes().replace(b'\n', b'\r\n\r\n  \r\n').rstrip())
    again = read_pixel_csv(path)
    np.testing.assert_array_equal(again.images, plain.images)
    np.testing.assert_array_equal(again.rows, plain.rows)


@pytest.mark.parametrize(('column', 'value', 'message'), [
    (0, '7', "emotion '7', expected 0 to 6"),
    (0, '12', "emotion '12', expected 0 to 6"),
    (0, '', "emotion '', expected 0 to 6"),
    (1, ' '.join(['0'] * 2303), '2,303 pixels, expected 2,304'),
    (1, ' '.join(['0'] * 2303 + ['256']), "pixel 2304 is '256'"),
    (2, 'Trainin', "Usage 'Trainin', expected Training, PublicTest, PrivateTest"),
    (2, '"' + 'x' * 200_000 + '"', 'field larger than field limit'),
    (1, '9' * 100_000, "pixel 1 is '9{60}'"),
    (1, '9' * 2**20, 'more than 1,048,576 bytes'),
])
def test_wrong_value_is_named_with_file_and_line(tmp_path, faces, column, value, message):
    rows = csv_rows(faces)
    rows[3][column] = value
    path = write_lines(tmp_path / 'fer2013.csv', HEADER, rows)
    with pytest.raises(ValueError, match=f'^{path}, line 5: {message}') as caught:
        read_pixel_csv(path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('missing', 'message'), [
    (4, "Usage 'PublicT', expected"),
    (100, '2 columns, expected 3 .*; the line ends in'),
])
def test_truncated_last_line(tmp_path, faces, missing, message):
    path = write_fer2013(tmp_path, faces)
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(ValueError, match=f'^{path}, line 22: {message}'):
        read_pixel_csv(path)


def test_last_line_truncated_within_quotes(tmp_path, faces):
    rows = [[split, label, f'"{pixels}"'] for label, pixels, split in csv_rows(faces)]
    path = write_lines(tmp_path / 'fer2013.csv', 'Usage,emotion,pixels', rows)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(ValueError, match=rf'^{path}, line 22: 1,\d\d\d pixels, expected 2,304'):
        read_pixel_csv(path)


@pytest.mark.parametrize(('header', 'message'), [
    ('emotion,pixel,Usage', "line 1: no column 'pixels' in 'emotion,pixel,Usage'"),
    ('label,pixels,Usage', "line 1: no column 'emotion' in 'label,pixels,Usage'"),
    ('', "line 1: no column 'pixels' in ''"),
    ('emotion,pixels,Usage,pixels', "line 1: 2 columns 'pixels' in 'emotion,pixels,Usage,pixels'"),
    ('emotion, Emotion ,pixels', "line 1: 2 columns 'emotion'"),
    ('emotion,pixels,usage,Usage', "line 1: 2 columns 'usage'"),
    ('emotion,pixels,Split', "line 1: no column 'usage', but 'split' in 'emotion,pixels,Split'"),
    ('emotion,pixels,Usgae', "line 1: no column 'usage', but 'usgae'"),
    ('"' + 'x' * 200_000, 'line 1: field larger than field limit'),
    ('"a\r"b,c', 'line 1: '),
])
def test_missing_column(tmp_path, faces, header, message):
    path = write_lines(tmp_path / 'fer2013.csv', header, csv_rows(faces))
    with pytest.raises(ValueError, match=f'^{path}, {message}'):
        read_pixel_csv(path)


def test_columns_that_do_not_tell_the_split(tmp_path, faces):
    """Beside Usage any name is allowed."""
    for name in ('split', 'note', 'age', 'user', 'offset'):
        header = f'emotion,pixels,{name}' + (',USAGE' if name == 'split' else '')
        rows = [[*row[:2], 'x', *row[2:]] if name == 'split' else row for row in csv_rows(faces)]
        read_pixel_csv(write_lines(tmp_path / 'fer2013.csv', header, rows))


def test_no_rows(tmp_path):
    path = write_lines(tmp_path / 'fer2013.csv', HEADER, [])
    with pytest.raises(ValueError, match='no rows'):
        read_pixel_csv(path)


def test_line_beyond_memory(tmp_path):
    """Read in part."""
    path = write_lines(tmp_path / 'fer2013.csv', HEADER, [])
    with open(path, 'r+b') as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match=f'^{path}, line 2: more than 1,048,576 bytes'):
        read_pixel_csv(path)
    with open(path, 'wb') as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match=f"^{path}, line 1: no column 'pixels'"):
        read_pixel_csv(path)


@pytest.mark.parametrize(('name', 'split'), [('train', 'train'), ('val', 'val'), ('Valid', 'val'), ('faces', 'train'),
                                             ('PrivateTest', 'test')])
def test_file_named_after_its_split(tmp_path, faces, name, split):
    """Unless ``Usage`` tells the split of each row."""
    path = write_lines(tmp_path / f'{name}.csv', 'emotion,pixels', [row[:2] for row in csv_rows(faces)])
    assert read_pixel_csv(path).split_slice(split) == slice(0, 21)
    write_lines(path, HEADER, csv_rows(faces))
    assert read_pixel_csv(path).split_slice('train') == slice(0, 12)


def test_file_without_usage_is_one_split(tmp_path, faces):
    rows = csv_rows(faces)
    train = read_pixel_csv(write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in rows]))
    assert train.split_slice('train') == slice(0, 21)
    assert train.labels.tolist() == faces.labels
    test = read_pixel_csv(write_lines(tmp_path / 'test.csv', 'pixels', [row[1:2] for row in rows]))
    assert test.split_slice('test') == slice(0, 21)
    assert set(test.labels.tolist()) == {-1}
    np.testing.assert_array_equal(test.images, train.images)
