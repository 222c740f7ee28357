"""Saved models: card, folder, --save-models."""
