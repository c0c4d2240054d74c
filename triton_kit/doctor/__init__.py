"""Whether this machine can serve a repository: checks, each of which says what it saw and what to do."""
