"""Annotations, the gold labels made of them, the tasks that use them, and the agreement of annotators."""
