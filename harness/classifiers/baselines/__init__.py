"""Baselines that learned systems must beat: majority, random, length, position, rules."""
