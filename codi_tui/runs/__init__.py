"""What happened: the log, the history of runs, and what was recorded of their output."""
