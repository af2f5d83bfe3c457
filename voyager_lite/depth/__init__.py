"""Depth for a single picture, from three kinds of source behind one interface."""

from voyager_lite.depth.choose import choose_depth as choose_depth
from voyager_lite.depth.estimate import DepthEstimate as DepthEstimate
from voyager_lite.depth.estimate import DepthSource as DepthSource
