"""A new ensemble: which tensor feeds which input."""
