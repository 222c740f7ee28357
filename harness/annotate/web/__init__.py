"""Labeling in a browser: one local page for several people, each by a link of their own."""
