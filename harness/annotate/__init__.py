"""Labeling by people in the terminal: which question comes next, what a key does, and how the screen is drawn."""
