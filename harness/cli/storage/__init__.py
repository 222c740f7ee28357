"""Commands about what this package stores."""
