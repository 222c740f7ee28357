"""What `harness add` does with labeled rows: columns, claims, labels, and a scheme from the labels."""
