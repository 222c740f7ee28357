"""Units: their files with fingerprint and lock, and those that cannot be fitted."""
