"""New articles in, scored claims out: `harness score`."""
