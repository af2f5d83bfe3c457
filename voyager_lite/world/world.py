"""A world: a picture that can be walked into, kept in a folder."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.focus import focus_distance
from voyager_lite.clip import Clip
from voyager_lite.export.formats import export_world
from voyager_lite.opening import Opening
from voyager_lite.world.frames import FrameBytes, pack_frame, unpack_depth, unpack_known, unpack_rgb
from voyager_lite.world.store import ClipRecord, Store


class World:
    """What has been seen so far: frames, cameras and the points they were fused into.

    Frame 0 is the photograph; clip 0 holds only that. Every later clip begins inside the one before
    it, and where clips overlap the newest holds the valid frame. The store is the truth; the cloud
    in memory is rebuilt from it.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, folder: str | Path) -> "World":
        """Open an existing world.

        Raises:
            FileNotFoundError: The folder holds no world.
            ValueError: It is damaged or of another version.
        """
        return cls(Store(Path(folder)))

    @classmethod
    def create(cls, folder: str | Path, opening: Opening) -> "World":
        """Make a world of one lifted picture in a new or empty folder.

        Raises:
            FileExistsError: The folder holds something.
        """
        height, width = opening.clip.rgb.shape[-2:]
        store = Store.create(Path(folder), height=height, width=width, fps=opening.fps, origin=opening.origin)
        world = cls(store)
        seen = torch.ones(1, height, width, dtype=torch.bool)
        world.commit(opening.clip, known=seen, points=opening.cloud, first_frame=0, making={})
        return world

    @property
    def folder(self) -> Path:
        """Where the world lives."""
        return self.store.folder

    @property
    def fps(self) -> float:
        """Frames a second of the videos."""
        return self.store.fps

    @property
    def origin(self) -> dict[str, object]:
        """Where the picture and its depth came from."""
        return self.store.origin

    @property
    def sky_distance(self) -> float:
        """Radius of the sky's shell, scene units."""
        return float(self.origin["sky_distance"])  # type: ignore[arg-type]

    @property
    def sky_from(self) -> float:
        """Depth from which on a pixel of a frame shows sky: half the shell's radius."""
        return self.sky_distance / 2

    @cached_property
    def cache(self) -> WorldCache:
        """The world's points, ready to be rendered and added to."""
        return WorldCache(PointCloud.concatenate(list(self.store.points())))

    @property
    def cloud(self) -> PointCloud:
        """All points, sky included (``cloud.matter`` leaves it out)."""
        return self.cache.cloud

    @cached_property
    def clips(self) -> Sequence[ClipRecord]:
        """The committed clips; the first is the photograph."""
        return self.store.records()

    @property
    def cameras(self) -> Camera:
        """One camera for each frame walked so far."""
        frames = self.clips[-1].end_frame
        chosen = [self.clips[0].cameras[0]] * frames
        for clip in self.clips:
            for offset in range(len(clip.cameras)):
                chosen[clip.first_frame + offset] = clip.cameras[offset]
        return Camera.stack(chosen)

    def __len__(self) -> int:
        """Frames walked so far, the photograph included."""
        return self.clips[-1].end_frame

    def rgb(self, number: int) -> Float[Tensor, "3 height width"]:
        """The picture of a frame; -1 is the last.

        Raises:
            IndexError: The walk has no such frame.
        """
        return unpack_rgb(self._stored(number).rgb)

    def depth(self, number: int) -> Float[Tensor, "height width"]:
        """The depth of a frame; -1 is the last.

        Raises:
            IndexError: The walk has no such frame.
        """
        return unpack_depth(self._stored(number).depth)

    def frames(self) -> Iterator[tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]]:
        """RGB and depth of every frame in order, one at a time in memory."""
        for number in range(len(self)):
            yield self.rgb(number), self.depth(number)

    def guidance(self, number: int) -> Float[Tensor, "3 height width"]:
        """What the cache knew of a frame before it was first generated; black elsewhere."""
        stored = self.store.frame(number, first_take=True)
        return torch.where(unpack_known(stored.known), unpack_rgb(stored.rgb), 0.0)

    @property
    def focus_distance(self) -> float:
        """Distance to the centre of the scene before the last camera, scene units."""
        return focus_distance(self.cloud, self.cameras[-1])

    def commit(
        self,
        clip: Clip,
        *,
        known: Bool[Tensor, "frame height width"],
        points: PointCloud,
        first_frame: int,
        making: dict[str, object],
    ) -> None:
        """Keep one clip for good, in a single transaction. ``points`` are already in ``cache``.

        Args:
            clip: As ``quantized`` gives it, so that memory and store agree.
            known: What the cache knew of its frames beforehand.
            points: What the clip brought into the cache.
            first_frame: Number in the walk of the clip's first frame.
            making: Path, core, seed, steps and prompt; JSON values.
        """
        records = self.store.records()
        record = ClipRecord(number=len(records), first_frame=first_frame, cameras=clip.cameras, making=making)
        frames = [pack_frame(clip.rgb[i], clip.depth[i], known[i]) for i in range(len(clip))]
        self.store.append(record, frames=frames, points=points)
        self.__dict__.pop("clips", None)

    def forget_uncommitted(self) -> None:
        """Make memory what the store holds, after a commit that failed or was interrupted."""
        for derived in ("clips", "cache"):
            self.__dict__.pop(derived, None)

    def undo(self, clips: int = 1) -> int:
        """Take back the last clips, their frames and their points; returns how many were left to take.

        Raises:
            ValueError: Fewer clips have been walked, or ``clips`` is below 1.
        """
        walked = len(self.clips) - 1
        if not 1 <= clips <= walked:
            raise ValueError(f"cannot undo {clips} clips; {walked} have been walked")
        self.store.remove_from(len(self.clips) - clips)
        self.forget_uncommitted()
        return walked - clips

    def export(self, target: str | Path, *, format: str | None = None) -> list[Path]:
        """Write one of the world's results; by the name's ending unless ``format`` says otherwise.

        Returns:
            The files written.

        Raises:
            ValueError: An ending or a format that is not known; the message lists what is.
        """
        return export_world(self, Path(target), format=format)

    def _stored(self, number: int) -> FrameBytes:
        return self.store.frame(number if number >= 0 else len(self) + number)

    def close(self) -> None:
        """Let go of the store; the world reads from it no more."""
        self.store.close()
