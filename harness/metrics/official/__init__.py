"""Exact reimplementations of official scorers, and the CheckThat! conventions as metrics."""
