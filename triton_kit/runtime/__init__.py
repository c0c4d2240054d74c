"""A server that is running, wherever it runs."""
