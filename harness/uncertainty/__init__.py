"""What a value could be by chance: resamples of units, and the distributions behind intervals and tests."""
