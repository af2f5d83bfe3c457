"""The browser app: widgets and wiring; what it computes is in `geometry` and `voyager_lite`."""
