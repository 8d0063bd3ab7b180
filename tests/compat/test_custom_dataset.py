"""Class folders of other people, in MMPretrain's own ``CustomDataset``."""
import pytest
from mmpretrain.datasets import CustomDataset


@pytest.fixture
def read(tmp_path):
    """Read a data set of empty files; return the names of the classes of its images, in sorted order of the paths."""

    def call(*files, **options):
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
        data = CustomDataset(data_root=str(tmp_path), **options)
        assert data.get_gt_labels().tolist() == [data.folder_to_idx[file.split('/')[0]] for file in sorted(files)]
        return [data.metainfo['classes'][label] for label in data.get_gt_labels()]

    return call


FILES = ('bored/a.png', 'curious/b.jpg', 'curious/deep/c.png', 'tired/d.png')
NAMES = ['bored', 'curious', 'curious', 'tired']


@pytest.mark.parametrize('classes', [('tired', 'bored', 'curious'), ('bored', 'curious', 'tired'), None])
def test_labels_follow_the_names_of_the_folders(read, classes):
    assert read(*FILES, classes=classes) == NAMES


def test_folders_of_other_names_keep_the_sorted_order(read):
    """As those of ImageNet, whose classes also have names twice."""
    assert read('n2/a.png', 'n10/b.png', 'n3/c.png', classes=('x', 'y', 'x')) == ['x', 'y', 'x']


@pytest.mark.parametrize(('classes', 'told'), [
    (('tired', 'bored', 'calm'), ['curious', 'calm']),
    (('tired', 'bored', 'curious', 'calm'), ['calm']),
    (('tired', 'bored'), ['curious']),
    (('Tired', 'Bored', 'Curious'), ['tired', 'Tired']),
    (('x', 'y'), ['(3)', '(2)']),
])
def test_folders_that_do_not_fit(read, tmp_path, classes, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (its names are compared here)
        read(*FILES, classes=classes)
    assert all(name in str(caught.value) for name in (str(tmp_path), *told))


@pytest.mark.parametrize('options', [{}, dict(with_label=False)])
@pytest.mark.parametrize('name', ['z.webp', 'Z.JFIF'])
def test_images_that_would_be_left_out(read, name, options):
    with pytest.raises(ValueError, match=f'{name}.* extensions'):
        read(*FILES, f'tired/{name}', **options)


def test_what_is_left_out_by_choice(tmp_path, read):
    read(*FILES)
    for name in ('notes.txt', 'e.webp'):
        (tmp_path / 'tired' / name).touch()
    assert len(CustomDataset(data_root=str(tmp_path), extensions=('.png',))) == 3
    assert len(CustomDataset(data_root=str(tmp_path), extensions=('.png', '.jpg', '.webp'))) == 5


@pytest.mark.parametrize('line', ['b.png,1', 'b.png', 'b.png one', ''])
def test_wrong_line_of_a_list(tmp_path, line):
    (tmp_path / 'list.txt').write_text(f'a.png 0\n{line}\nc.png 1\n')
    with pytest.raises(ValueError, match=rf'list\.txt, line 2: .*{line}'):
        CustomDataset(data_root=str(tmp_path), ann_file='list.txt')
