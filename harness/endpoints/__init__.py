"""Clients of language models: requests, replies, their cache and cassettes, what an endpoint can do."""
