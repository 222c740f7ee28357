"""Fetches pages and feeds from the web: public addresses only, with limits, and as each site's robots.txt allows."""
