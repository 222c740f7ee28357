"""Claims are split into folds and parts."""
