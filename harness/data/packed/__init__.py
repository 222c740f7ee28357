"""Records in memory by column instead of by object: a million claims in some hundred megabytes."""
