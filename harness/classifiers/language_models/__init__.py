"""Language models as classifiers: prompts, replies and the scorer."""
