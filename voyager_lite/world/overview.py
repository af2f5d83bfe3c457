"""A world in figures, without reading its pictures and points."""

from voyager_lite.world.creation import FILE_NAME
from voyager_lite.world.world import World


def overview(world: World) -> dict[str, object]:
    """What is in a world, as JSON values; sizes in megabytes of a million bytes, lengths in scene units.

    ``walk`` lists the clips after the photograph; ``unfinished`` is the number of frames that a walk
    under way, or left by an interruption, is to reach, or None.
    """
    pending = world.pending
    counts = world.store.point_counts()
    sizes = {file.name: file.stat().st_size for file in world.folder.iterdir() if file.is_file()}
    truth = sum(sizes.get(f"{FILE_NAME}{suffix}", 0) for suffix in ("", "-wal", "-shm"))
    return {
        "picture": world.origin["image"],
        "image_sha256": world.origin.get("image_sha256"),
        "depth": world.origin["depth"],
        "size": f"{world.store.header.width}x{world.store.header.height}",
        "fps": world.fps,
        "frames": len(world),
        "seconds": round(len(world) / world.fps, 2),
        "clips": len(world.clips) - 1,
        "length": round(_length(world, 0, len(world)), 3),
        "points": sum(matter for matter, _ in counts),
        "sky_points": sum(sky for _, sky in counts),
        "megabytes": round(truth / 1e6, 2),
        "megabytes_beside": round((sum(sizes.values()) - truth) / 1e6, 2),
        "versions": world.origin.get("versions"),
        "unfinished": None if pending is None else pending.end_frame,
        "walk": [
            {
                "clip": clip.number,
                "first_frame": clip.first_frame,
                "frames": len(clip.cameras),
                "seconds": round(len(clip.cameras) / world.fps, 2),
                "length": round(_length(world, clip.first_frame, clip.end_frame), 3),
                "points": sum(counts[clip.number]),
                "core": clip.making.get("core"),
                "seed": clip.making.get("walk_seed", clip.making.get("seed")),
                "prompt": clip.making.get("prompt"),
            }
            for clip in world.clips[1:]
        ],
    }


def _length(world: World, first: int, end: int) -> float:
    centers = world.cameras.center[first:end]
    return float((centers[1:] - centers[:-1]).norm(dim=-1).sum())
