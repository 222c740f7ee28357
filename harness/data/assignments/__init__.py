"""Which annotator labels which claims: the files that say so, and how claims are distributed."""
