"""From other formats and other servers to models of a repository."""
