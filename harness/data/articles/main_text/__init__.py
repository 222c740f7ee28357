"""The main text of a web page: what the extraction missed, and what is no part of it."""
