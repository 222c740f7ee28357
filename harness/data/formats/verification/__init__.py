"""Publishers' formats for claims with evidence and verdicts, one file each."""
