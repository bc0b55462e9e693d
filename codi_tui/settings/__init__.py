"""What can be set: one table, from which the file is checked, its schema made, and its values listed."""
