"""Article files of any kind become articles: text, Markdown, HTML, tables, data sets."""
