"""The numbers of the one rule that every backend follows; `geometry.rasterizer` states the rule."""

NEAR = 1e-6
"""Points at this depth or nearer are not drawn, in scene units."""

MAX_FOOTPRINT_PX = 32.0
"""Largest footprint radius in pixels, so that a point right before the lens costs a bounded time."""

CONE_SLOPE = 1.0
"""How much deeper a point counts for each unit of sideways distance from its centre."""
