"""A project: its settings, its templates, and the configurations rendered from them."""
