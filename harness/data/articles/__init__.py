"""Readers that turn files into articles: plain text, Markdown, HTML, tables and data sets."""
