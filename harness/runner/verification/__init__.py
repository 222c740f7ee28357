"""Verdict experiments: what each system is shown, the probes, and whether a system reads its evidence."""
