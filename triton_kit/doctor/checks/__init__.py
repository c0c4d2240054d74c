"""One question about this machine in each module."""
