"""Public benchmarks: their descriptions, the download of their files, and the conversion to dataset folders."""
