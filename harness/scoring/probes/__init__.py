"""Probes: how the scores of a system move when claims are edited in ways of known effect."""
