"""``python -m voyager_lite``: the command line, for launchers such as torchrun."""

import sys

from voyager_lite.cli import main

if __name__ == "__main__":
    sys.exit(main())
