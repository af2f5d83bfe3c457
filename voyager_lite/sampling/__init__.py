"""Noise schedules, the Euler loop and clip seams."""
