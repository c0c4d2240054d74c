"""The server's view of a model: what is in its directory, and its configuration as the server completes it."""
