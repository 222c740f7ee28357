"""The commands that say what labels, and more of them, are worth."""
