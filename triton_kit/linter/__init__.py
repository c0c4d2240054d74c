"""What is wrong with a repository."""
