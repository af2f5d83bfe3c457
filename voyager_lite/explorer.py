"""The explorer: opens a picture as a world and walks through it, clip after clip."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool
from torch import Tensor

from geometry.alignment import align_depth
from geometry.camera import Camera
from geometry.clearance import check_path, shorten_path
from geometry.cloud import PointCloud
from geometry.edges import beside_nearer
from geometry.free_space import in_free_space
from geometry.lifting import lift, lift_sky
from geometry.trajectory import Trajectory
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core import load_core
from voyager_lite.core.fill import background_fill
from voyager_lite.core.generator import Generator, Request
from voyager_lite.core.memory import Memory
from voyager_lite.depth import choose_depth
from voyager_lite.depth.estimate import DepthEstimate, DepthSource
from voyager_lite.errors import PathBlockedError
from voyager_lite.opening import Opening, View, open_photograph, storable
from voyager_lite.photograph import Photograph, fit_size, read_photograph, resize_rgb
from voyager_lite.samples import Sample
from voyager_lite.stretches import Piece, pieces
from voyager_lite.world.frames import quantized
from voyager_lite.world.place import Place
from voyager_lite.world.provenance import versions
from voyager_lite.world.rows import WalkPlan
from voyager_lite.world.world import World

logger = logging.getLogger(__name__)

CLIP_SEED_STEP = 7919
"""Clips of one walk draw different noise: clip n of seed s uses s + n times this prime."""

MOST_SEED = 2**63 - 1
"""Of a walk. Noise is drawn from 64 bits, into which the seeds of its clips fit, too."""

AT_END = 1e-6
"""How far a walk may begin from the world's last camera: scene units, or share of its coordinates."""

PROMPTS = "prompts"
"""Folder in a world for what cores have read of prompts; it can be deleted."""

MOST_TO_LOOK_AT = 1920
"""Long side, in pixels, to which a photograph is reduced before its depth is estimated."""

PASSES = 3
"""Times that each frame of a finished clip is gone through: quantized, fused, compressed."""

WORTH_LIFTING = 0.0005
"""Share of a frame that the cache must lack for the frame to be fused."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where a walk stands.

    Attributes:
        clip: The one that is being made, from 1.
        clips: Of the walk.
        step: The last that the core has made of it; 0 before the first.
        steps: That the core makes; 1 as long as it has not said.
        kept: Share of what follows the core's last step, fusing and compressing, that is done.
    """

    clip: int
    clips: int
    step: int
    steps: int
    kept: float = 0.0


class _Teller:
    """Tells of one clip of a walk: of the core's steps, then of each frame that is fused and compressed."""

    def __init__(self, progress: Callable[[Step], None] | None, step: Step) -> None:
        self._progress = progress
        self._step = step
        self._frames_done = 0

    def made(self, step: int, steps: int) -> None:
        """The core has made a step."""
        self._tell(replace(self._step, step=step, steps=steps))

    def kept(self, frames: int) -> None:
        """One more of so many frames is about to go through one of ``PASSES``."""
        self._frames_done += 1
        share = min(1.0, self._frames_done / (PASSES * frames))
        self._tell(replace(self._step, step=max(1, self._step.step), kept=share))

    def _tell(self, step: Step) -> None:
        self._step = step
        if self._progress is not None:
            self._progress(step)


class Explorer:
    """Walks through pictures with one generator.

    Example:
        >>> import voyager_lite as vl
        >>> explorer = vl.Explorer.from_pretrained("mini")
        >>> path = vl.Trajectory.parse("orbit:30deg", frames=49)
        >>> world = explorer.open_image("photo.jpg", "my_world")  # doctest: +SKIP
        >>> for clip in explorer.explore(world, path, seed=0):  # doctest: +SKIP
        ...     print(clip.rgb.shape)
    """

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    @classmethod
    def from_pretrained(
        cls, core: str = "mini", *, device: str = "cpu", memory: Memory = "balanced"
    ) -> "Explorer":
        """An explorer with the named core; ``memory`` is for full-size ones: low, balanced or high.

        Raises:
            ValueError: No such core, or no such device.
        """
        return cls(load_core(core, device=device, memory=memory))

    def open_image(
        self,
        image: str | Path | Photograph | Sample,
        folder: str | Path,
        *,
        depth: DepthSource | DepthEstimate | str = "auto",
        view: View | None = None,
    ) -> World:
        """Lift a photograph to a new world.

        Args:
            image: A file, a photograph already read, or a sample (whose measured depth and camera
                are used unless ``depth`` names another source).
            folder: A new or empty folder.
            depth: What ``--depth`` takes, a source, or a finished estimate of the photograph's own size.
            view: Size, field of view and frame rate.

        Raises:
            FileNotFoundError: No such picture.
            ValueError: The picture or its depth cannot be used.
            FileExistsError: The folder holds something.
        """
        return World.create(folder, self.lift(image, depth=depth, view=view))

    def lift(
        self,
        image: str | Path | Photograph | Sample,
        *,
        depth: DepthSource | DepthEstimate | str = "auto",
        view: View | None = None,
    ) -> Opening:
        """What ``open_image`` would make a world of, in memory only."""
        view = view or View()
        photograph, estimate, camera = _photograph_and_depth(image, depth, view)
        return open_photograph(photograph, estimate, view=view, camera=camera)

    def plan(self, place: World | Place | Opening, path: Trajectory, *, safe: bool = False) -> Camera:
        """Put a path where the last camera stands, and make sure that it stays clear of matter.

        Args:
            place: Where to walk.
            path: The first of its cameras will be the place's last.
            safe: Shorten the move so that it ends before it meets matter, instead of refusing it.

        Returns:
            One camera a frame.

        Raises:
            PathBlockedError: The path runs into or behind matter, and ``safe`` was not asked for.
        """
        cameras = path.cameras(place.cameras[-1], focus_distance=place.focus_distance)
        cloud = place.cloud if isinstance(place, Opening) else place.cache.around(cameras)
        report = check_path(cloud, cameras)
        if report.frame is None:
            return cameras
        if not safe:
            raise PathBlockedError(
                f"{report.describe()}; take a shorter move, or --safe to stop before it", frame=report.frame
            )
        return shorten_path(cloud, cameras)

    def explore(
        self,
        world: World,
        path: Trajectory | Camera,
        *,
        seed: int = 0,
        steps: int | None = None,
        prompt: str | Sequence[tuple[int, str]] | None = None,
        progress: Callable[[Step], None] | None = None,
    ) -> Iterator[Clip]:
        """Walk a path, clip by clip; every clip is committed to the world before it is yielded.

        Clips overlap by half. An interruption, at any moment, keeps all committed clips; ``resume``
        makes the others.

        Args:
            world: Where to walk; the path starts at its last camera.
            path: A path, or the cameras ``plan`` made of it.
            seed: The same seed, world, path and machine give the same bytes.
            steps: Of the sampling loop; None takes what the core does best with.
            prompt: What you would like to see, for cores that read; or several, each with the frame of the
                path from which on it is wanted. Where it changes clips do not overlap.
            progress: Told after every step of every clip, and of every frame that is then fused and
                compressed. What it raises ends the walk there; committed clips are kept.

        Raises:
            PathBlockedError: See ``plan``.
            ValueError: Prompts that ``stretches`` refuses, a seed or steps that ``check_choices`` does, or
                cameras that begin elsewhere than at the world's last.
            WorldBusyError: Another process writes to the world.
        """
        prompts = ((0, prompt),) if isinstance(prompt, str) else tuple(prompt or ())
        if prompts and not self.generator.reads_prompts:
            logger.warning("core %s does not read prompts; %r changes nothing", self.generator.name, prompt)
        check_choices(seed=seed, steps=steps)
        with world.writing():
            cameras = path if isinstance(path, Camera) else self.plan(world, path)
            _check_start(cameras, world)
            plan = WalkPlan(
                cameras=cameras,
                first_frame=len(world) - 1,
                first_clip=len(world.clips),
                core=self.generator.name,
                clip_frames=self.generator.clip_frames,
                seed=seed,
                steps=steps,
                prompts=prompts,
            )
            clips = pieces(plan.cameras, plan.prompts, clip_frames=plan.clip_frames)
            world.begin(plan)
            yield from self._walk(world, plan, clips, progress)

    def resume(self, world: World, *, progress: Callable[[Step], None] | None = None) -> Iterator[Clip]:
        """Finish the walk that an interruption left unfinished; only its missing clips are made.

        The bytes are those of a walk that was never interrupted, on the same machine and versions.

        Raises:
            ValueError: No walk is unfinished, or another core began it.
        """
        with world.writing():
            plan = world.pending
            if plan is None:
                raise ValueError(f"{world.folder}: no walk is unfinished; give a path to walk on")
            ours = self.generator.name, self.generator.clip_frames
            if ours != (plan.core, plan.clip_frames):
                raise ValueError(
                    f"{world.folder}: core {plan.core} began it in clips of {plan.clip_frames} frames; "
                    f"{ours[0]} with {ours[1]} cannot finish it"
                )
            clips = pieces(plan.cameras, plan.prompts, clip_frames=plan.clip_frames)
            yield from self._walk(world, plan, clips, progress)

    def _walk(
        self,
        world: World,
        plan: WalkPlan,
        clips: Sequence[Piece],
        progress: Callable[[Step], None] | None,
    ) -> Iterator[Clip]:
        done = len(world.clips) - plan.first_clip
        previous = world.clip(-1) if done else None
        for number in range(done, len(clips)):
            piece = clips[number]
            teller = _Teller(progress, Step(clip=number + 1, clips=len(clips), step=0, steps=1))
            guidance = self.guidance(world, piece.cameras, anchored=piece.later is None)
            teller.made(0, 1)
            overlap = None if previous is None or piece.later is None else previous[piece.later :]
            clip_seed = plan.seed + CLIP_SEED_STEP * len(world.clips)
            request = Request(
                seed=clip_seed,
                steps=plan.steps,
                prompt=piece.prompt,
                reference_depth=world.depth(0),
                kept=world.folder / PROMPTS,
            )
            result = self.generator.generate(
                guidance,
                reference=world.rgb(0),
                previous=overlap,
                request=request,
                progress=teller.made,
            )
            making: dict[str, object] = {
                "core": plan.core,
                "seed": clip_seed,
                "walk_seed": plan.seed,
                "steps": plan.steps,
                "prompt": piece.prompt,
                "versions": versions(),
            }
            first_frame = plan.first_frame + piece.first_frame
            previous = self._commit(
                world, result, guidance, first_frame=first_frame, making=making, teller=teller
            )
            yield previous

    def guidance(self, world: World, cameras: Camera, *, anchored: bool = True) -> Guidance:
        """The world rendered along cameras: in a second or two, what a walk would start from.

        Args:
            world: What is rendered.
            cameras: One a frame.
            anchored: The first camera is the world's last, whose frame is known completely.
        """
        rendering = world.cache.render(cameras)
        rgb, depth, known = rendering.rgb, rendering.depth, rendering.known
        if anchored:
            rgb[0], depth[0] = world.rgb(-1), world.depth(-1)
            known[0] = True
            measured = depth[:1] > 0  # depth from a sensor has gaps
            if not bool(measured.all()):
                depth[:1] = background_fill(rgb[:1], depth[:1], measured, sky_from=world.sky_from)[1]
        return Guidance(rgb=rgb, depth=depth, known=known, cameras=cameras, sky_from=world.sky_from)

    def _commit(
        self,
        world: World,
        result: Clip,
        guidance: Guidance,
        *,
        first_frame: int,
        making: dict[str, object],
        teller: _Teller,
    ) -> Clip:
        def told() -> None:
            teller.kept(len(result))

        clip = _quantized(aligned(result, guidance), told)
        try:
            points = fuse(world, clip, known=guidance.known, progress=told)
            world.commit(
                clip,
                known=guidance.known,
                points=points,
                first_frame=first_frame,
                making=making,
                progress=told,
            )
        except BaseException:
            world.forget_uncommitted()
            raise
        return clip


def check_choices(*, seed: int = 0, steps: int | None = None) -> None:
    """Make sure that a walk can be made with a seed and a number of steps, before anything is stored.

    Raises:
        ValueError: It cannot; the message says what is allowed.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps is {steps}; expected at least 1")
    if not -MOST_SEED <= seed <= MOST_SEED:
        raise ValueError(f"seed is {seed}; expected a whole number from {-MOST_SEED} to {MOST_SEED}")


def _check_start(cameras: Camera, world: World) -> None:
    """Make sure that a walk begins where the world's last camera stands.

    Raises:
        ValueError: It begins elsewhere, or looks elsewhere there.
    """
    last = world.cameras.world_to_camera[-1]
    apart = float((cameras.world_to_camera[0] - last).abs().max())
    if apart > AT_END * max(1.0, float(last.abs().max())):
        raise ValueError(f"path begins {apart:.3g} from the pose of the world's last camera; expected 0")


def aligned(clip: Clip, guidance: Guidance) -> Clip:
    """The clip with what was known put back exactly and its new depth aligned to the known one."""
    known = guidance.known
    depth = clip.depth
    if not torch.equal(depth[known], guidance.depth[known]):
        frames = zip(depth, guidance.depth, known, strict=True)
        depth = torch.stack([align_depth(new, old, seen) for new, old, seen in frames])
    return Clip(
        rgb=torch.where(known[:, None], guidance.rgb, clip.rgb),
        depth=torch.where(known, guidance.depth, depth),
        cameras=clip.cameras,
    )


def _quantized(clip: Clip, progress: Callable[[], None]) -> Clip:
    """As ``quantized``, frame by frame, so that a walk can be stopped between them."""
    rgb, depth = torch.empty_like(clip.rgb), torch.empty_like(clip.depth)
    for frame in range(len(clip)):
        progress()
        one = quantized(clip[frame : frame + 1])
        rgb[frame], depth[frame] = one.rgb[0], one.depth[0]
    return Clip(rgb=rgb, depth=depth, cameras=clip.cameras)


def fuse(
    world: World,
    clip: Clip,
    *,
    known: Bool[Tensor, "frame height width"],
    progress: Callable[[], None] | None = None,
) -> PointCloud:
    """Lift what a clip newly shows into the world's cache; returns the points that entered.

    Frames with most new pixels come first: they show new ground widest. What they bring is then seen by
    the others, of which those are left out that would bring hardly anything (``WORTH_LIFTING``).
    Nothing enters that would stand before what the world's first frame saw, and no made pixel that touches
    something nearer: like a photograph's, it shows some of that, and would keep it as an outline.
    ``progress`` is told before each; what it raises leaves the cache half filled, see
    ``World.forget_uncommitted``.
    """
    unseen = (~known).flatten(1).sum(-1)
    seen, seen_from = world.depth(0), world.cameras[0]
    entered = []
    for index in unseen.argsort(descending=True, stable=True).tolist():
        camera = clip.cameras[index]
        if progress is not None:
            progress()
        if (
            bool(known[index].all())
            or float((~world.cache.render(camera).known).float().mean()) < WORTH_LIFTING
        ):
            continue
        pure = known[index] | ~beside_nearer(clip.depth[index])
        sky = clip.depth[index] >= world.sky_from
        picture = clip.rgb[index]
        matter = lift(picture, clip.depth[index], camera, valid=~sky & pure)
        far = lift_sky(picture, camera, sky=sky & pure, distance=world.sky_distance)
        lifted = storable(PointCloud.concatenate([matter, far]))
        kept = ~in_free_space(lifted, seen=seen, seen_from=seen_from)
        entered.append(world.cache.add(lifted[kept.nonzero()[:, 0]], camera))
    return PointCloud.concatenate(entered)


def _photograph_and_depth(
    image: str | Path | Photograph | Sample, depth: DepthSource | DepthEstimate | str, view: View
) -> tuple[Photograph, DepthEstimate, Camera | None]:
    if isinstance(image, Sample):
        if image.depth is not None and depth == "auto":
            return image.photograph, image.depth, image.camera
        image = image.photograph
    photograph = image if isinstance(image, Photograph) else read_photograph(Path(image))
    if isinstance(depth, DepthEstimate):
        return photograph, depth, None
    height, width = photograph.rgb.shape[-2:]
    if max(height, width) > MOST_TO_LOOK_AT:
        height, width = fit_size(height, width, long_side=MOST_TO_LOOK_AT)
        photograph = replace(photograph, rgb=resize_rgb(photograph.rgb, height=height, width=width))
    source = choose_depth(depth) if isinstance(depth, str) else depth
    fov = view.fov_degrees or photograph.fov_degrees
    return photograph, source.estimate(photograph.rgb, fov_degrees=fov), None
