"""Classical models over n-grams and hand-made features."""
