"""Rules about repositories, versions and files."""
