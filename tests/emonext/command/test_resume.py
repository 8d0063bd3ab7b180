import os

import pytest

from tests.emonext.films import write_film


@pytest.mark.parametrize('suffix', ['json', 'csv'])
@pytest.mark.parametrize('cut', [0, 9])
def test_resume(emonext, picture, tmp_path, suffix, cut):
    """The same file as without interruption, also when the last line was being written."""
    for i in range(4):
        picture(f'in/{i}.png', 60 * i)
    options = (tmp_path / 'in', '--faces', 'none', f'--{suffix}', tmp_path / f'o.{suffix}')
    emonext(*options)
    whole = (tmp_path / f'o.{suffix}').read_bytes()
    part = b''.join(whole.splitlines(keepends=True)[:-2])
    (tmp_path / f'o.{suffix}').write_bytes(part[:len(part) - cut])
    assert emonext(*options, '--resume')[0] == 0
    assert (tmp_path / f'o.{suffix}').read_bytes() == whole
    (tmp_path / f'o.{suffix}').unlink()
    emonext(*options, '--resume')  # nothing to go on from
    assert (tmp_path / f'o.{suffix}').read_bytes() == whole


@pytest.mark.parametrize('suffix', ['json', 'csv'])
def test_resume_with_odd_sources(emonext, picture, tmp_path, suffix):
    """A file that is given twice, names with line breaks and one that is no UTF-8, a bad file and a film."""
    names = [picture('a.png', 20), picture('b\n"b.png', 120), picture('a.png', 20), tmp_path / 'bad.png',
             picture('c\rc.png'), os.fsdecode(b'%b/\xff.png' % os.fsencode(tmp_path)),
             write_film(tmp_path / 'c.mp4', 0.5), picture('a.png', 20)]
    (tmp_path / 'bad.png').touch()
    os.link(names[0], names[5])
    options = (*names, '--faces', 'none', f'--{suffix}', tmp_path / f'o.{suffix}')
    emonext(*options)
    whole = (tmp_path / f'o.{suffix}').read_bytes()
    for end in range(11, len(whole) + 1, 97):
        (tmp_path / f'o.{suffix}').write_bytes(whole[:end])
        status, _, err = emonext(*options, '--resume')
        assert status == 1, err
        assert (tmp_path / f'o.{suffix}').read_bytes() == whole


@pytest.mark.parametrize('name', ['o.json', 'o.csv'])
@pytest.mark.parametrize('content', [
    'my notes', '{"other": 1}\nmy notes\n', 'name,age\nanna,3\nbert,4\n', '{"source": ["a"], "faces": []}\n', '"open',
    '{"source": "a", "frame": "x", "faces": []}\n', '{"source": "a", "frame": 1e999, "faces": []}\n',
    'source,frame\n', 's', 'source', '{"source": "b"}'])
def test_resume_leaves_other_files_alone(emonext, picture, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    status, _, err = emonext(picture('a.png'), f'--{name[2:]}', tmp_path / name, '--resume')
    assert status == 2
    assert name in err
    assert (tmp_path / name).read_text() == content


@pytest.mark.parametrize('source', ['-', '0'])
def test_what_cannot_be_given_again(emonext, tmp_path, source):
    status, _, err = emonext(source, '--json', tmp_path / 'o.json', '--resume')
    assert (status, 'stdin' in err or 'camera 0' in err) == (2, True)


def test_a_file_is_not_cut_when_nothing_can_be_done(emonext, picture, tmp_path, monkeypatch):
    path = picture('a.png')
    emonext(path, '--faces', 'none', '--json', tmp_path / 'o.json')
    before = (tmp_path / 'o.json').read_bytes()
    monkeypatch.setenv('DISPLAY', ':9999')
    assert emonext(path, '--json', tmp_path / 'o.json', '--resume', '--show')[0] == 2
    assert (tmp_path / 'o.json').read_bytes() == before


@pytest.mark.parametrize('suffix', ['json', 'csv'])
def test_results_of_other_classes(emonext, picture, tmp_path, monkeypatch, classifier, suffix):
    options = picture('a.png'), picture('b.png'), '--faces', 'none', f'--{suffix}', tmp_path / f'o.{suffix}'
    emonext(*options)
    before = (tmp_path / f'o.{suffix}').read_bytes()
    monkeypatch.setattr(type(classifier), 'classes', ('x', 'y', 'z'))
    status, _, err = emonext(*options, '--resume')
    assert (status, f'o.{suffix}' in err) == (2, True)
    assert (tmp_path / f'o.{suffix}').read_bytes() == before


@pytest.mark.parametrize('suffix', ['json', 'csv'])
@pytest.mark.parametrize('film', [False, True])
def test_results_of_another_model(emonext, picture, tmp_path, monkeypatch, classifier, suffix, film):
    """Of the same classes."""
    first = write_film(tmp_path / 'a.mp4', 0.5) if film else picture('a.png')
    options = first, picture('b.png'), '--faces', 'none', f'--{suffix}', tmp_path / f'o.{suffix}'
    emonext(first, *options[2:])
    before = (tmp_path / f'o.{suffix}').read_bytes()
    answer = type(classifier).__call__
    monkeypatch.setattr(type(classifier), '__call__', lambda self, faces: 0.98 * answer(self, faces) + 0.02 / 3)
    status, _, err = emonext(*options, '--resume')
    assert (status, f'o.{suffix}' in err, err.count('\n')) == (2, True, 1)
    assert (tmp_path / f'o.{suffix}').read_bytes() == before
    first.unlink()  # nothing to tell the models by
    assert emonext(*options[1:], '--resume')[0] == 0


def test_other_options(emonext, picture, tmp_path):
    (tmp_path / 'boxes.csv').write_text('source,left,top,right,bottom\na.png,,,,\n')
    emonext(picture('a.png'), '--faces', 'none', '--csv', tmp_path / 'o.csv')
    assert emonext(picture('a.png'), '--faces', tmp_path / 'boxes.csv', '--csv', tmp_path / 'o.csv', '--resume')[0] == 2


def test_sources_that_are_not_given_again_are_told(emonext, picture, tmp_path):
    names = [picture(name) for name in ('a.png', 'b.png', 'c.png')]
    outputs = '--faces', 'none', '--csv', tmp_path / 'o.csv'
    emonext(*names, *outputs)
    status, _, err = emonext(names[2], *outputs, '--resume')
    assert (status, '2 finished' in err, str(names[0]) in err) == (0, True, True)


def test_a_pipe_is_no_file_to_go_on_with(emonext, picture, tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    status, _, err = emonext(picture('a.png'), '--csv', tmp_path / 'pipe', '--resume')
    assert (status, 'pipe' in err) == (2, True)
