"""The browser app: widgets and wiring only. Holds nothing yet; the command line and Python API come first."""
