"""Splits articles into sentences, and makes claims of them."""
