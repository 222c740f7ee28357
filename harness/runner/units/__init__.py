"""Units: their files with fingerprint, leases and processes, and those that cannot be fitted."""
