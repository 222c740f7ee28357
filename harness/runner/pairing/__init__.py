"""Runs of systems read back from results, and resampled together for paired differences."""
