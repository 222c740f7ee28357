"""Comparison of systems on the same claims: paired tests, p-value correction, power and tie groups."""
