"""The compiled loops over depth maps: one pass over the pixels, where array code makes a map a step.

They are compiled when first called and kept on disk, so they are imported only where they are called.
Constants come as arguments: code kept on disk would not notice that another file's constant changed.
"""
