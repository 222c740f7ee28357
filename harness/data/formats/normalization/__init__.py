"""Files of claims with the statements that stand for them."""
