"""Run tk as ``python -m triton_kit``."""

from triton_kit.cli import main

if __name__ == "__main__":
    main()
