"""Rules about PyTorch models."""
