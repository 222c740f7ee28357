"""Results and comparisons as pages: one-file HTML, figures, templates."""
