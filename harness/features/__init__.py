"""From text to arrays."""
