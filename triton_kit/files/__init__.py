"""Files that do not exist yet, from a plan to the disk."""
