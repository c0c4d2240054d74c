"""A report as text for people or for machines."""
