"""Models tried on a real server, one server after the other, and what tk makes of the verdict."""
