"""``python -m app``: the same as ``voyager-lite app``."""

import sys

from voyager_lite.cli import main

if __name__ == "__main__":
    sys.exit(main(["app", *sys.argv[1:]]))
