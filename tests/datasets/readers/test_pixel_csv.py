import numpy as np
import pytest

from emonext_mm.datasets.readers.pixel_csv import _parse_regular, parse_pixels, read_pixel_csv
from tests.helpers.fer2013_files import csv_rows, make_faces, pixel_text, write_fer2013, write_lines


@pytest.fixture
def faces():
    return make_faces()


def test_parse_pixels_knows_every_value_in_every_neighbourhood():
    rng = np.random.default_rng(1)
    values = np.concatenate([np.arange(256), rng.integers(0, 256, 1792), rng.integers(0, 12, 256)])
    for _ in range(20):
        rng.shuffle(values)
        text = pixel_text(values).encode()
        np.testing.assert_array_equal(parse_pixels(text), values)
        np.testing.assert_array_equal(_parse_regular(text), values)  # not by the slow way


@pytest.mark.parametrize('form', ['"%s"', '  %s \r\n', '007 %s'])
def test_parse_pixels_takes_quotes_blanks_and_zeros(form):
    values = np.arange(2304) % 256
    if form.startswith('007'):
        values[0] = 7
        text = form % pixel_text(values[1:])
    else:
        text = form % pixel_text(values).replace(' 9 ', '   9 ')
    np.testing.assert_array_equal(parse_pixels(text.encode()), values)


@pytest.mark.parametrize(('place', 'text', 'message'), [
    (5, '256', "pixel 6 is '256', expected an integer of 0 to 255"),
    (5, '1255', "pixel 6 is '1255'"),
    (0, '-1', "pixel 1 is '-1'"),
    (2303, '3.5', "pixel 2304 is '3.5'"),
    (7, 'x', "pixel 8 is 'x'"),
    (7, '', '2,303 pixels, expected 2,304'),
    (7, '1 2', '2,305 pixels, expected 2,304'),
    (2303, '1;2', "pixel 2304 is '1;2'"),
])
def test_parse_pixels_names_the_bad_value(place, text, message):
    numbers = ['17'] * 2304
    numbers[place] = text
    with pytest.raises(ValueError, match=message):
        parse_pixels(' '.join(numbers).encode())


def test_other_separator_than_blanks():
    with pytest.raises(ValueError, match="pixel 2 is '4;5', expected"):
        parse_pixels(('3 4;5' + ' 6' * 2301).encode())


def test_rows_keep_their_order_within_a_usage(tmp_path, faces):
    table = read_pixel_csv(write_fer2013(tmp_path, faces))
    for usage, name in enumerate(('Training', 'PublicTest', 'PrivateTest')):
        part = table.usage_slice(usage)
        rows = faces.of(name)
        assert table.rows[part].tolist() == rows
        assert table.labels[part].tolist() == [faces.labels[row] for row in rows]
        np.testing.assert_array_equal(table.images[part], faces.images[rows])


def test_header_in_any_order_case_and_with_blanks(tmp_path, faces):
    plain = read_pixel_csv(write_fer2013(tmp_path, faces))
    rows = [[usage, 'x', pixels, f' {label} '] for label, pixels, usage in csv_rows(faces)]
    odd = read_pixel_csv(write_lines(tmp_path / 'odd.csv', '\ufeff USAGE ,note,"Pixels", Emotion', rows))
    np.testing.assert_array_equal(odd.images, plain.images)
    np.testing.assert_array_equal(odd.labels, plain.labels)
    np.testing.assert_array_equal(odd.usages, plain.usages)


def test_windows_line_ends_blank_lines_and_no_last_line_end(tmp_path, faces):
    path = write_fer2013(tmp_path, faces)
    plain = read_pixel_csv(path)
    path.write_bytes(path.read_bytes().replace(b'\n', b'\r\n\r\n').rstrip())
    again = read_pixel_csv(path)
    np.testing.assert_array_equal(again.images, plain.images)
    np.testing.assert_array_equal(again.rows, plain.rows)


@pytest.mark.parametrize(('column', 'value', 'message'), [
    (0, '7', "emotion '7', expected 0 to 6"),
    (0, '', "emotion '', expected 0 to 6"),
    (1, ' '.join(['0'] * 2303), '2,303 pixels, expected 2,304'),
    (1, ' '.join(['0'] * 2303 + ['256']), "pixel 2304 is '256'"),
    (2, 'Trainin', "Usage 'Trainin', expected Training, PublicTest, PrivateTest"),
])
def test_bad_value_is_named_with_file_and_line(tmp_path, faces, column, value, message):
    rows = csv_rows(faces)
    rows[3][column] = value
    path = write_lines(tmp_path / 'fer2013.csv', 'emotion,pixels,Usage', rows)
    with pytest.raises(ValueError, match=f'^{path}, line 5: {message}') as caught:
        read_pixel_csv(path)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(('cut', 'message'), [
    (4, "Usage 'PublicT', expected"),
    (100, r'2 columns, expected 3 as in the header \(is the file cut off\?\); the line ends in'),
])
def test_truncated_last_line(tmp_path, faces, cut, message):
    path = write_fer2013(tmp_path, faces)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(ValueError, match=f'^{path}, line 22: {message}'):
        read_pixel_csv(path)


@pytest.mark.parametrize(('header', 'message'), [
    ('emotion,pixel,Usage', "line 1: no column 'pixels' in 'emotion,pixel,Usage'"),
    ('label,pixels,Usage', "line 1: no column 'emotion' in 'label,pixels,Usage'"),
    ('', "line 1: no column 'pixels' in ''"),
])
def test_missing_column(tmp_path, faces, header, message):
    path = write_lines(tmp_path / 'fer2013.csv', header, csv_rows(faces))
    with pytest.raises(ValueError, match=f'^{path}, {message}'):
        read_pixel_csv(path)


def test_no_rows(tmp_path):
    path = write_lines(tmp_path / 'fer2013.csv', 'emotion,pixels,Usage', [])
    with pytest.raises(ValueError, match='no rows under the header'):
        read_pixel_csv(path)


def test_file_without_usage_is_one_split(tmp_path, faces):
    rows = csv_rows(faces)
    train = read_pixel_csv(write_lines(tmp_path / 'train.csv', 'emotion,pixels', [row[:2] for row in rows]))
    assert set(train.usages.tolist()) == {0}
    assert train.labels.tolist() == faces.labels
    test = read_pixel_csv(write_lines(tmp_path / 'test.csv', 'pixels', [row[1:2] for row in rows]))
    assert set(test.usages.tolist()) == {2}
    assert set(test.labels.tolist()) == {-1}
    np.testing.assert_array_equal(test.images, train.images)
