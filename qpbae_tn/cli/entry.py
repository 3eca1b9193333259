"""What the console script calls: an interruption while the program is still being imported ends it in one line too."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `qpbae`."""
    try:
        from qpbae_tn.cli.main import main as program
    except KeyboardInterrupt:
        print("qpbae: interrupted; nothing was left half-written", file=sys.stderr)
        sys.exit(130)
    program()
