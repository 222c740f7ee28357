"""What a run tells while it works: where its time goes, and each change of state."""
