"""
``python -m ingestd``: the same as the command ``ingestd``.
"""

import sys

from ingestd.cli import main

if __name__ == "__main__":
    sys.exit(main())
