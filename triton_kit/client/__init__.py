"""Talk to a running server."""
