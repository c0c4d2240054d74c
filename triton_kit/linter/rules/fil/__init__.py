"""Rules about forests of the FIL backend."""
