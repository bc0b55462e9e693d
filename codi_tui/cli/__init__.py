"""The `codi` command line: one file for each built-in. stdout is data, stderr is narration."""
