"""Depth for a single picture, from three kinds of source behind one interface."""
