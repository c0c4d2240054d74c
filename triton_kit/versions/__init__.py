"""Versions of a model: which there are, which is served, and the moves from one to another."""
