"""Turns articles into labelled claim records."""
