"""Classifiers made of classifiers, and the one place that forwards to an inner one."""
