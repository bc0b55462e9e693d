"""What can be run: the list of commands, and the search over it."""
