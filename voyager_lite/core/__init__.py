"""The generators: what completes a guidance clip into an RGB-D video."""
