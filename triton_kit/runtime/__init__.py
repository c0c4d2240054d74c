"""A server that is running, wherever it runs."""

RUNTIMES = ("auto", "docker", "podman", "local")
"""What ``--runtime`` takes: where a server runs. ``auto`` is the first of the others that this machine has."""

PULLS = ("missing", "always", "never")
"""What ``--pull`` takes: when an image is fetched."""
