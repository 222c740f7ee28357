"""Statements: claims reworded to stand alone, by the identity or a language model, and the guard of what is written."""
