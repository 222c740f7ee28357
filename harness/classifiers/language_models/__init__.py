"""What the language-model family is made of: prompt, replies and scorer."""
