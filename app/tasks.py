"""The tasks of a walk: onward, to its end after an interruption, back, and off to another world."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.jobs import Result, Stopped, Told, Tools
from geometry.camera import Camera
from geometry.clearance import check_path
from voyager_lite.clip import Clip
from voyager_lite.errors import PathBlockedError
from voyager_lite.explorer import Step
from voyager_lite.world.frames import pack_cameras, unpack_cameras
from voyager_lite.world.world import World


@dataclass(frozen=True, kw_only=True)
class Way:
    """Cameras as they travel between processes, and what is to be seen along them.

    Attributes:
        lenses: ``K`` of all cameras, as the store keeps them.
        poses: ``world_to_camera`` likewise.
        prompts: From which frame on what is wanted, in order; without any, nothing is.
    """

    lenses: bytes
    poses: bytes
    prompts: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, cameras: Camera, *, prompts: tuple[tuple[int, str], ...] = ()) -> "Way":
        """Pack a batch of cameras."""
        lenses, poses = pack_cameras(cameras)
        return cls(lenses=lenses, poses=poses, prompts=prompts)

    def cameras(self, world: World) -> Camera:
        """Unpack them at a world's size."""
        header = world.store.header
        return unpack_cameras(self.lenses, self.poses, height=header.height, width=header.width)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Walk on from where the camera stands.

    Attributes:
        folder: Of the world.
        way: Where to; begins at the world's last camera.
        core: What imagines the unseen.
        seed: Of the walk.
        steps: Of the sampling loop; None takes what the core does best with.
    """

    folder: Path
    way: Way
    core: str
    seed: int = 0
    steps: int | None = None
    title: str = "the walk"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """Clip by clip.

        Raises:
            PathBlockedError: The way meets matter.
            ValueError: It begins elsewhere than at the world's last camera, or the seed is too large.
            Stopped: Where ``tools.tell`` did, or where the walk was to end after a clip and had more.
        """
        tools.tell(Told(text="loading the core"))
        explorer = tools.explorer(self.core)
        with World.open(self.folder) as world:
            cameras = self.way.cameras(world)
            report = check_path(world.cache.around(cameras), cameras)
            if report.frame is not None:
                raise PathBlockedError(f"{report.describe()}; move the path away", frame=report.frame)
            tell = _Teller(tools)
            prompts = self.way.prompts if explorer.generator.reads_prompts else ()
            clips = explorer.explore(
                world, cameras, seed=self.seed, steps=self.steps, prompt=prompts, progress=tell
            )
            yield from _each(world, clips, tools, tell)
        return {}


@dataclass(frozen=True, kw_only=True)
class Finish:
    """Finish a walk that was interrupted, with the core that began it."""

    folder: Path
    title: str = "the rest of the walk"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """Clip by clip."""
        with World.open(self.folder) as world:
            plan = world.pending
            if plan is None:
                raise ValueError("no walk is unfinished here")
            tools.tell(Told(text="loading the core"))
            tell = _Teller(tools)
            clips = tools.explorer(plan.core).resume(world, progress=tell)
            yield from _each(world, clips, tools, tell)
        return {}


@dataclass(frozen=True, kw_only=True)
class GoBack:
    """Take back clips, and give up a walk that is unfinished.

    Attributes:
        clips: How many; 0 only gives up what is unfinished.
    """

    folder: Path
    clips: int
    title: str = "going back"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """At once."""
        with World.open(self.folder) as world:
            if self.clips:
                world.undo(self.clips)
            else:
                world.abandon()
        yield
        return {}


@dataclass(frozen=True, kw_only=True)
class BranchOff:
    """A new world that holds the clips up to one of them.

    Attributes:
        folder: Of the old world.
        into: Of the new one.
        clip: The last to keep; 0 is the photograph.
    """

    folder: Path
    into: Path
    clip: int
    title: str = "branching off"

    def run(self, tools: Tools) -> Generator[None, None, Result]:
        """At once."""
        with World.open(self.folder) as world:
            world.branch(self.into, clip=self.clip).close()
        yield
        return {"world": self.into.name}


class _Teller:
    """Says how far a walk is.

    What the core does is taken for half of a clip's work; the rest is fusing and compressing it.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._step = Step(clip=1, clips=1, step=0, steps=1)

    def __call__(self, step: Step) -> None:
        """A step of a clip was made; raises ``Stopped`` if that was to be the last."""
        self._step = step
        text = f"step {step.step} of {step.steps}"
        if not step.step:
            text = "looking at what is known"
        elif step.step == step.steps:
            text = "fusing what is new"
        self._tell(text, 0.5 * (step.step / step.steps + step.kept))

    def committed(self) -> None:
        """A clip was committed; raises ``Stopped`` if it was to be the last."""
        self._tell("kept", 1.0)

    def _tell(self, text: str, share: float) -> None:
        clip, clips = self._step.clip, self._step.clips
        self._tools.tell(Told(text=f"clip {clip} of {clips}, {text}", share=(clip - 1 + share) / clips))


def _each(world: World, clips: Iterator[Clip], tools: Tools, tell: _Teller) -> Generator[None, None, None]:
    """Let the clips be made one by one.

    Who stops gives up the rest; who has left finds it unfinished, and may finish it.
    """
    with closing(clips):  # type: ignore[type-var]
        try:
            for _ in clips:
                tell.committed()
                if tools.ends_here():
                    break
                yield
        except Stopped:
            # Closed first: while it is under way, the walk holds the world.
            clips.close()  # type: ignore[attr-defined]
            world.abandon()
            raise
    if world.pending is not None:
        raise Stopped
