"""``voyager:FOLDER``, HunyuanWorld-Voyager's own weights (arXiv 2506.04225)."""
