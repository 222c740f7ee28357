"""Saves and loads fitted scorers without pickle; caches slow fits."""
