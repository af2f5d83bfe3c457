"""Procedural scenes and the training loop of the embedded models."""
