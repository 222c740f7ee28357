"""Archives of any size, read block by block from any file system."""
