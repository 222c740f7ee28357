"""What a run folder records beside its results."""
