"""Run tk as ``python -m triton_kit``."""

import os
import sys

from triton_kit.cli import main

if __name__ == "__main__":
    try:
        main()
    except SystemExit as end:
        if end.code == 130:
            # With -m, Python kills itself with SIGINT where a Ctrl-C passed through exec() or eval(), as in the making
            # of a dataclass, although it was handled since (CPython, Py_RunMain: unhandled_keyboard_interrupt).
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(130)
        raise
