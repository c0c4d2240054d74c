"""What tk remembers of the servers that it started."""
