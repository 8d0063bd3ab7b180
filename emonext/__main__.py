"""``python -m emonext``, the command ``emonext``."""
import sys

from emonext.command.main import main

if __name__ == '__main__':
    sys.exit(main())
