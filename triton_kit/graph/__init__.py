"""The data flow of a repository's models: a pure value, and a file for each way to draw it."""
