"""What labels are worth: likely label errors, articles until two systems can be told apart, the learning curve."""
