"""Walk into a photograph: lift it, walk an orbit, keep the point cloud.

    python examples/01_walk_into_a_photograph.py [PHOTOGRAPH] [FOLDER]

Without arguments it takes a picture that is already here and writes into ./walk.
"""

import sys

import voyager_lite as vl


def main(picture: str | None = None, folder: str = "walk", frames: int = 25) -> vl.World:
    """Walk 10 degrees around what is in the middle of the picture."""
    explorer = vl.Explorer.from_pretrained("mini", device="cpu")
    world = explorer.open_image(picture or vl.read_sample("motorcycle"), folder)
    print(f"depth: {world.origin['depth']}")

    path = vl.Trajectory.parse("orbit:10deg", frames=frames)
    for clip in explorer.explore(world, path, seed=0):
        print(f"{len(clip)} frames of {tuple(clip.rgb.shape[-2:])}, depth {clip.depth.min():.2f} and more")

    print(world.export(world.folder / "scene.ply"))
    return world


if __name__ == "__main__":
    main(*sys.argv[1:])
