"""Code that configs name as `module:Name`: its files, whether it may run, and its fingerprint."""
