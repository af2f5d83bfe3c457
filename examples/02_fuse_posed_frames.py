"""Fuse posed RGB-D frames into one point cloud.

    python examples/02_fuse_posed_frames.py

The frames are rendered on the spot, from a sphere before a wall, so that the example needs no data.
"""

import torch

import voyager_lite as vl


def sphere_and_wall(camera: vl.Camera) -> tuple[torch.Tensor, torch.Tensor]:
    """RGB and depth of a unit sphere at (0, 0, 4) before a wall at z = 6, for a camera that looks along z."""
    y, x = torch.meshgrid(torch.arange(camera.height) + 0.5, torch.arange(camera.width) + 0.5, indexing="ij")
    K, center = camera.K.float(), camera.center.float()
    rays = torch.stack([(x - K[0, 2]) / K[0, 0], (y - K[1, 2]) / K[1, 1], torch.ones_like(x)], dim=-1)
    to_sphere = torch.tensor([0.0, 0.0, 4.0]) - center
    along = (rays * to_sphere).sum(-1) / (rays * rays).sum(-1)
    miss = ((rays * along[..., None] - to_sphere) ** 2).sum(-1)
    hit = miss < 1
    depth = torch.where(hit, along - ((1 - miss).clamp_min(0) / (rays * rays).sum(-1)).sqrt(), 6 - center[2])
    color = torch.where(hit[..., None], torch.tensor([0.9, 0.5, 0.2]), torch.tensor([0.3, 0.4, 0.6]))
    return color.permute(2, 0, 1), depth


def main(frames: int = 5) -> vl.PointCloud:
    """Render a few views from left to right, and fuse them."""
    start = vl.Camera.from_fov(60.0, height=120, width=160)
    cameras = vl.Trajectory.parse("right:1.5", frames=frames).cameras(start, focus_distance=4.0)
    views = [sphere_and_wall(cameras[i]) for i in range(frames)]
    cloud = vl.reconstruct(
        torch.stack([rgb for rgb, _ in views]), cameras, torch.stack([depth for _, depth in views])
    )
    print(f"{frames} frames of {160 * 120:,} pixels became {len(cloud):,} points")
    return cloud


if __name__ == "__main__":
    main()
