"""Fixes: as rules give them, as changes of a text, as a plan, and on disk."""
