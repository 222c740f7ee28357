"""Public benchmarks: their descriptions in YAML, download and conversion to dataset folders."""
