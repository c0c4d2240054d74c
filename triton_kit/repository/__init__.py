"""What a model repository is."""
