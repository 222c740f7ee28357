"""Publishers' formats for claims and their labels, one file each."""
