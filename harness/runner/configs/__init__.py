"""What surrounds a config file: overrides, its check against the data, and its JSON Schema."""
