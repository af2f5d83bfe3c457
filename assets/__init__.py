"""Weights of the embedded models and pictures for the README; assets/README.md says where each came from."""
