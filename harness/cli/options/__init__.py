"""Options that commands share or that need code of their own."""
