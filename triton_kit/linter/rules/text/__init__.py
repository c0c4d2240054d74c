"""Rules about what a configuration's text says."""
