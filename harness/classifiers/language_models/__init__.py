"""What the language-model family is made of: the prompt, the calls, the replies, and where replies are kept."""
