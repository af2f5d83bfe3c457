"""File formats, one a file: `read_x` and `write_x`."""
