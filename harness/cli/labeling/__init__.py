"""The command `assign`, and the options that say which claims are asked about."""
