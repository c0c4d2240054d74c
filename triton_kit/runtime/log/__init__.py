"""A server's log: its lines, and what they mean."""
