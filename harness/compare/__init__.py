"""Systems compared on the same claims: paired tests, correction, power, tie groups."""
