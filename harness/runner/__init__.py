"""From a config file to results: config -> plan -> units -> results."""
