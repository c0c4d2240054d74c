"""What several commands have in common: options, tables, and how a server, a report or a fix is shown."""
