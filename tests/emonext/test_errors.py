from emonext.errors import EmonextError, OutputError


def test_messages_are_one_line():
    """Names of files may hold anything."""
    for kind in (EmonextError, OutputError):
        assert str(kind('a\nb\x1b[31m\udcff.jpg: größer')) == r'a\nb\x1b[31m\udcff.jpg: größer'
