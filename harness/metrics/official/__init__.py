"""Official scorers, digit for digit, and the CheckThat! conventions as metrics."""
