"""What each backend expects of a model directory."""
