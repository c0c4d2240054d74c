"""Protobuf's text format, read with the place of everything, and written."""
