"""A world: a picture that can be walked into, kept in a folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.cache import BUDGET_MB, WorldCache
from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.focus import focus_distance
from voyager_lite.clip import Clip
from voyager_lite.export.formats import export_world
from voyager_lite.opening import Opening
from voyager_lite.world.branch import branch
from voyager_lite.world.frames import pack_frame, unpack_depth, unpack_known, unpack_rgb
from voyager_lite.world.place import Place
from voyager_lite.world.provenance import versions
from voyager_lite.world.rows import ClipRecord, WalkPlan, WorldHeader
from voyager_lite.world.store import Store
from voyager_lite.world.stored_chunks import StoredChunks

PORTION = 2**18
"""Points handed out at a time, of which writers make records."""


class World:
    """What has been seen so far: frames, cameras and the points they were fused into.

    Frame 0 is the photograph; clip 0 holds only that. Every later clip begins inside the one before
    it, and where clips overlap the newest holds the valid frame. The store is the truth; the cloud
    in memory is rebuilt from it.
    """

    def __init__(self, store: Store, *, budget_mb: float = BUDGET_MB) -> None:
        """Take a store, and say how much memory its points may take; see ``WorldCache.of``."""
        self.store = store
        self.budget_mb = budget_mb
        self._data_version = store.data_version()

    @classmethod
    def open(cls, folder: str | Path, *, budget_mb: float = BUDGET_MB) -> "World":
        """Open an existing world: to read it, which disturbs nobody, and to write while nobody else does.

        A world of an older version is brought up to date, and a copy of the old one kept.

        Args:
            folder: Of the world.
            budget_mb: Memory for its points. What does not fit is read when a camera sees it.

        Raises:
            FileNotFoundError: The folder holds no world.
            ValueError: It is damaged, or of a newer version.
            OSError: It cannot be read.
        """
        return cls(Store(Path(folder)), budget_mb=budget_mb)

    @classmethod
    def create(cls, folder: str | Path, opening: Opening) -> "World":
        """Make a world of one lifted picture in a new or empty folder.

        Raises:
            FileExistsError: The folder holds something.
        """
        height, width = opening.clip.rgb.shape[-2:]
        origin: dict[str, object] = {**opening.origin, "versions": versions()}
        seen = torch.ones(height, width, dtype=torch.bool)
        store = Store.create(
            Path(folder),
            WorldHeader(height=height, width=width, fps=opening.fps, origin=origin),
            record=ClipRecord(number=0, first_frame=0, cameras=opening.clip.cameras, making={}),
            frames=[pack_frame(opening.clip.rgb[0], opening.clip.depth[0], seen)],
            points=opening.cloud,
        )
        return cls(store)

    def branch(self, folder: str | Path, *, clip: int) -> "World":
        """A new world that holds this one's clips up to and with ``clip``, and can be walked on.

        Raises:
            ValueError: There is no such clip.
            FileExistsError: The folder holds something.
        """
        return World(branch(self.store, Path(folder), clips=clip + 1))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer while the block runs; what others wrote since is taken notice of.

        Whatever changes a world does this by itself; around several steps it keeps others out between.

        Raises:
            WorldBusyError: Another process writes to the world; the message names it.
            OSError: The folder cannot be written.
        """
        with self.store.writing():
            found = self.store.data_version()
            if found != self._data_version:
                self._data_version = found
                self.forget_uncommitted()
            yield

    @property
    def folder(self) -> Path:
        """Where the world lives."""
        return self.store.folder

    @property
    def fps(self) -> float:
        """Frames a second of the videos."""
        return self.store.header.fps

    @property
    def origin(self) -> dict[str, object]:
        """Where the picture and its depth came from."""
        return self.store.header.origin

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
        return WorldCache.of(StoredChunks(self.store), budget_mb=self.budget_mb)

    @property
    def cloud(self) -> PointCloud:
        """All points, sky included (``cloud.matter`` leaves it out); as large as the world is."""
        return self.cache.cloud

    @property
    def point_count(self) -> int:
        """Points of matter in ``clips``; they are not read."""
        return sum(matter for matter, _ in self.store.point_counts()[: len(self.clips)])

    def points(self) -> Iterator[PointCloud]:
        """The points of ``clips`` in order, sky included, in portions; one clip's are in memory.

        Raises:
            ValueError: A chunk is damaged; the message names its clip.
        """
        for cloud in self.store.points(clips=len(self.clips)):
            for start in range(0, len(cloud), PORTION):
                yield cloud[start : start + PORTION]

    @cached_property
    def clips(self) -> list[ClipRecord]:
        """The committed clips; the first is the photograph."""
        return self.store.records()

    @property
    def pending(self) -> WalkPlan | None:
        """The walk that is under way, or that an interruption left unfinished."""
        return self.store.pending()

    @property
    def cameras(self) -> Camera:
        """One camera for each frame walked so far."""
        owner = torch.zeros(len(self), dtype=torch.long)
        ends = [0]
        for clip in self.clips:
            owner[clip.first_frame : clip.end_frame] = ends[-1] + torch.arange(len(clip.cameras))
            ends.append(ends[-1] + len(clip.cameras))
        first = self.clips[0].cameras
        return Camera(
            K=torch.cat([clip.cameras.K for clip in self.clips])[owner],
            world_to_camera=torch.cat([clip.cameras.world_to_camera for clip in self.clips])[owner],
            height=first.height,
            width=first.width,
        )

    def __len__(self) -> int:
        """Frames walked so far, the photograph included."""
        return self.clips[-1].end_frame

    def rgb(self, number: int) -> Float[Tensor, "3 height width"]:
        """The picture of a frame; -1 is the last.

        Raises:
            IndexError: The walk has no such frame.
        """
        return unpack_rgb(self.store.read("rgb", self._index(number)))

    def depth(self, number: int) -> Float[Tensor, "height width"]:
        """The depth of a frame; -1 is the last.

        Raises:
            IndexError: The walk has no such frame.
        """
        return unpack_depth(self.store.read("depth", self._index(number)))

    def frames(self) -> Iterator[tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]]:
        """RGB and depth of every frame in order, one at a time in memory."""
        for number in range(len(self)):
            yield self.rgb(number), self.depth(number)

    def guidance(self, number: int) -> Float[Tensor, "3 height width"]:
        """What the cache knew of a frame before it was first generated; black elsewhere."""
        known = unpack_known(self.store.read("known", number, first_take=True))
        return torch.where(known, unpack_rgb(self.store.read("rgb", number, first_take=True)), 0.0)

    def clip(self, number: int) -> Clip:
        """A clip as it was committed; 0 is the photograph.

        Raises:
            IndexError: No such clip.
            ValueError: A frame of it is damaged.
        """
        record = self.clips[number]
        frames = list(self.store.frames_of(record.number))
        return Clip(
            rgb=torch.stack([unpack_rgb(frame.rgb) for frame in frames]),
            depth=torch.stack([unpack_depth(frame.depth) for frame in frames]),
            cameras=record.cameras,
        )

    def place(self, clip: int) -> Place:
        """Where the camera stood after a clip, with what was known then.

        Raises:
            ValueError: There is no such clip.
        """
        if not 0 <= clip < len(self.clips):
            raise ValueError(f"{self.folder}: has no clip {clip}; expected 0 to {len(self.clips) - 1}")
        source = StoredChunks(self.store, clips=clip + 1)
        cache = WorldCache.of(source, budget_mb=self.budget_mb)
        return Place(cameras=self.clips[clip].cameras[-1:], cache=cache)

    @property
    def focus_distance(self) -> float:
        """Distance to the centre of the scene before the last camera, scene units."""
        camera = self.cameras[-1]
        return focus_distance(self.cache.view(camera), camera)

    def commit(
        self,
        clip: Clip,
        *,
        known: Bool[Tensor, "frame height width"],
        points: PointCloud,
        first_frame: int,
        making: dict[str, object],
        progress: Callable[[], None] | None = None,
    ) -> None:
        """Keep one clip for good, in a single transaction. ``points`` are already in ``cache``.

        Args:
            clip: As ``quantized`` gives it, so that memory and store agree.
            known: What the cache knew of its frames beforehand.
            points: What the clip brought into the cache.
            first_frame: Number in the walk of the clip's first frame.
            making: Core, seeds, steps, prompt and versions; JSON values.
            progress: Told before each frame is compressed, all before the transaction; what it raises
                leaves the store as it was.
        """
        with self.writing():
            record = ClipRecord(
                number=len(self.clips), first_frame=first_frame, cameras=clip.cameras, making=making
            )
            frames = []
            for index in range(len(clip)):
                if progress is not None:
                    progress()
                frames.append(pack_frame(clip.rgb[index], clip.depth[index], known[index]))
            self.store.append(record, frames=frames, points=points)
            self.clips.append(record)
            self.cache.settle()

    def begin(self, plan: WalkPlan) -> None:
        """Remember what is about to be walked, so that another process could finish it."""
        with self.writing():
            self.store.plan(plan)

    def forget_uncommitted(self) -> None:
        """Make memory what the store holds, after a commit that failed or was interrupted."""
        for derived in ("clips", "cache"):
            self.__dict__.pop(derived, None)

    def undo(self, clips: int = 1) -> int:
        """Take back the last clips, their frames and their points; returns how many were left to take.

        Raises:
            ValueError: Fewer clips have been walked, or ``clips`` is below 1.
        """
        with self.writing():
            walked = self.store.clip_count() - 1
            if not 1 <= clips <= walked:
                raise ValueError(f"cannot undo {clips} clips; {walked} have been walked")
            self.store.remove_from(walked + 1 - clips)
            self.forget_uncommitted()
        return walked - clips

    def abandon(self) -> None:
        """Forget the walk under way, if there is one; its committed clips are kept."""
        with self.writing():
            self.store.remove_from(self.store.clip_count())

    def export(self, target: str | Path, *, format: str | None = None) -> list[Path]:
        """Write one of the world's results; by the name's ending unless ``format`` says otherwise.

        Returns:
            The files written.

        Raises:
            ValueError: An ending or a format that is not known; the message lists what is.
        """
        return export_world(self, Path(target), format=format)

    def _index(self, number: int) -> int:
        return number if number >= 0 else len(self) + number

    def close(self) -> None:
        """Let go of the store; the world reads from it no more."""
        self.store.close()

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
