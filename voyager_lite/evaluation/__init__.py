"""Metrics, baselines and the tables that `voyager-lite evaluate` prints."""
