"""Cameras, projection, points, rendering and the world cache: pure, batched, no disk, no models."""
