"""What tk asks of a container engine."""
