"""Batches: many requests in one file, which an endpoint answers within a day."""
