"""Walk into a picture: one image becomes a world, a camera path becomes an RGB-D video."""
