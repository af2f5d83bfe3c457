"""Paths: from words, from key frames, to other people's formats.

python examples/03_paths.py
"""

from pathlib import Path

import voyager_lite as vl
from voyager_lite.export.nerfstudio import write_camera_path


def main(folder: str = ".") -> vl.Camera:
    """Make a path of three parts, thin it to key frames, and write it for nerfstudio."""
    start = vl.Camera.from_fov(60.0, height=540, width=960)
    words = vl.Trajectory.parse("forward:1,orbit:30deg,turn_left:20deg", frames=49)
    cameras = words.cameras(start, focus_distance=4.0)

    through_four = vl.Trajectory.from_keyframes(cameras[::16], frames=120)
    smooth = through_four.cameras(start, focus_distance=4.0)
    length = float((smooth.center[1:] - smooth.center[:-1]).norm(dim=-1).sum())
    print(f"{len(smooth)} cameras, {length:.2f} units long")

    file = Path(folder) / "camera_path.json"
    write_camera_path(file, smooth, fps=24.0)
    print(f"written: {file}")
    return smooth


if __name__ == "__main__":
    main()
