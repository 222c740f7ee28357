"""Articles become sentences, and sentences become claims with their offsets."""
