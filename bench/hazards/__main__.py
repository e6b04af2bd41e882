"""
Write docs/hazards.md: what each reader makes of files that are not what they seem.

    python -m bench.hazards [--print]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.hazards.page import page

TARGET = Path(__file__).resolve().parents[2] / "docs" / "hazards.md"


def main() -> None:
    """
    Write the page, or print it.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="print it instead")
    made = page()
    if parser.parse_args().print:
        sys.stdout.write(made)
    else:
        TARGET.write_text(made)


if __name__ == "__main__":
    main()
