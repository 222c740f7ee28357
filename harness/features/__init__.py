"""Features: numeric representations of texts (n-grams, surface features, encoder vectors)."""
