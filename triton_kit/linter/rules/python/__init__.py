"""Rules about models of the Python backend."""
