"""What `harness verify` gives: judged claims, what would change them, earlier verdicts, lists, files and pages."""
