"""Classical models on n-grams and hand-made features."""
