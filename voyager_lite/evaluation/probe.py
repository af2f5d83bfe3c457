"""Whether a prompt matters: small classifiers, trained on procedural pictures, judge generated ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from geometry.camera import Camera
from voyager_lite.clip import Guidance
from voyager_lite.core.generator import Generator, Request
from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.compare import judged
from voyager_lite.training.clips import HELD_OUT
from voyager_lite.training.development import develop
from voyager_lite.training.dress import draw_dress, dress_scene
from voyager_lite.training.paths import draw_shot_of
from voyager_lite.training.scene import Scene, render_scene

HEIGHT, WIDTH = 64, 96
GRID = (5, 6)
QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)

TRAIN_PAIRS, TEST_PAIRS, GENERATED = 500, 150, 24
FIRST_SEED = HELD_OUT + 20_000_000
"""Scenes of the probes; those of no other measurement."""

LEAST_CHANGE, CHANGED_SHARE = 0.06, 0.12
"""How much a pixel must change, and how many must, for a pair to show the attribute at all."""

LEAST_ACCURACY = 0.95


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """Something that a prompt asks for and a picture shows.

    Attributes:
        kind: The kind of scene that the prompts ask for, and the probe is trained on.
        prompt: What asks for it.
        opposite: What asks for the contrary.
        shown: Fields of ``Dress`` with it.
        absent: Fields of ``Dress`` without it.
    """

    kind: str
    prompt: str
    opposite: str
    shown: Mapping[str, Any]
    absent: Mapping[str, Any]


ATTRIBUTES: Mapping[str, Attribute] = {
    "night": Attribute(
        kind="room",
        prompt="a room, at night",
        opposite="a room, by day",
        shown={"light": "night", "weather": "clear"},
        absent={"light": "day", "weather": "clear"},
    ),
    "snow": Attribute(
        kind="forest",
        prompt="a forest, covered in snow",
        opposite="a forest, by day",
        shown={"light": "day", "weather": "snow"},
        absent={"light": "day", "weather": "clear"},
    ),
    "red walls": Attribute(
        kind="room",
        prompt="a room with red walls, by day",
        opposite="a room with white walls, by day",
        shown={"light": "day", "wall": "red"},
        absent={"light": "day", "wall": "white"},
    ),
}


class Probe:
    """A logistic regression on the colours of a picture (``features``)."""

    def __init__(self, regression: Any) -> None:
        self._regression = regression

    @classmethod
    def fit(cls, pictures: Float[Tensor, "picture 3 h w"], shown: Bool[Tensor, " picture"]) -> "Probe":
        """Learn to tell the pictures that show something from the others.

        Raises:
            ValueError: All of them do, or none does.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if bool(shown.all()) or not bool(shown.any()):
            raise ValueError(f"{int(shown.sum())} of {len(shown)} pictures show it; expected some, not all")
        regression = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=2000))
        regression.fit(features(pictures), shown.numpy())
        return cls(regression)

    def sees(self, pictures: Float[Tensor, "picture 3 h w"]) -> Bool[Tensor, " picture"]:
        """True for pictures that show it."""
        return torch.from_numpy(np.asarray(self._regression.predict(features(pictures)), dtype=np.bool_))

    def score(self, pictures: Float[Tensor, "picture 3 h w"]) -> Float[Tensor, " picture"]:
        """How sure it is, as log odds: above 0 for pictures that show it."""
        return torch.from_numpy(np.asarray(self._regression.decision_function(features(pictures))))

    def accuracy(self, pictures: Float[Tensor, "picture 3 h w"], shown: Bool[Tensor, " picture"]) -> float:
        """Share of the pictures told right."""
        return float((self.sees(pictures) == shown).float().mean())


def features(pictures: Float[Tensor, "picture 3 h w"]) -> Float[np.ndarray, "picture feature"]:
    """Colour, darkest channel, saturation, redness and warmth: means over a grid of cells, and quantiles
    over the whole picture, its upper part and its lower one."""
    dark, bright = pictures.amin(dim=1), pictures.amax(dim=1)
    red, green, blue = pictures.unbind(dim=1)
    more = (dark, (bright - dark) / (bright + 0.05), red - torch.maximum(green, blue), red - blue)
    maps = torch.cat([pictures, torch.stack(more, dim=1)], dim=1)
    upper, lower = maps.tensor_split([round(0.4 * maps.shape[2])], dim=2)
    found = [F.interpolate(maps, size=GRID, mode="area").flatten(1)]
    for part in (maps, upper, lower):
        found.append(torch.quantile(part.flatten(2), torch.tensor(QUANTILES), dim=2).movedim(0, 1).flatten(1))
    return torch.cat(found, dim=1).numpy()


def dressed_pair(
    seed: int, attribute: Attribute
) -> tuple[Float[Tensor, "3 h w"], Float[Tensor, "3 h w"]] | None:
    """One view of a procedural scene with the attribute and without; None where it cannot show.

    Both are developed as by the same camera.
    """
    rng = np.random.default_rng(seed)
    try:
        shot = draw_shot_of(rng, attribute.kind)
    except ValueError:
        return None
    dress = draw_dress(rng, shot.scene)
    camera = Camera.from_fov(
        shot.fov_degrees,
        height=HEIGHT,
        width=WIDTH,
        world_to_camera=torch.from_numpy(np.linalg.inv(shot.pose))[None],
    )
    shown, absent = (
        _view(seed, dress_scene(np.random.default_rng(seed), shot.scene, replace(dress, **fields)), camera)
        for fields in (attribute.shown, attribute.absent)
    )
    changed = (shown - absent).abs().mean(dim=0) > LEAST_CHANGE
    return (shown, absent) if float(changed.float().mean()) >= CHANGED_SHARE else None


def _view(seed: int, scene: Scene, camera: Camera) -> Float[Tensor, "3 h w"]:
    return develop(np.random.default_rng(seed), render_scene(scene, camera).rgb)[0]


def labelled_pictures(
    attribute: Attribute, *, pairs: int, first: int, name: str = ""
) -> tuple[Float[Tensor, "picture 3 h w"], Bool[Tensor, " picture"], int]:
    """Pairs of pictures with and without an attribute.

    Returns:
        The pictures, which of them show it, and the seed after the last one used.
    """
    found: list[Tensor] = []
    seed = first
    with tqdm(total=pairs, unit="pair", desc=f"probe {name}", leave=False, disable=None) as bar:
        while len(found) < 2 * pairs:
            pair = dressed_pair(seed, attribute)
            seed += 1
            if pair is not None:
                found += pair
                bar.update()
    return torch.stack(found), torch.tensor([True, False]).repeat(pairs), seed


def probe_rows(generator: Generator, *, train: int = TRAIN_PAIRS, test: int = TEST_PAIRS) -> list[BenchRow]:
    """For every attribute: the probe on held-out pictures, then on what a generator makes of a prompt.

    A probe that is not right in 95 % of held-out pictures says nothing, and its row says so. Generated
    frames know nothing but a grey reference: what is seen came from the prompt, the seed and what the
    network learned. With the prompt the probe should see the attribute, with the opposite prompt not; the
    share told right is compared with that of the same seeds without any prompt, which is a half.
    """
    rows = []
    for name, attribute in ATTRIBUTES.items():
        pictures, shown, seed = labelled_pictures(attribute, pairs=train, first=FIRST_SEED, name=name)
        probe = Probe.fit(pictures, shown)
        accuracy = probe.accuracy(*labelled_pictures(attribute, pairs=test, first=seed, name=name)[:2])
        rows.append(_probe_row(name, accuracy, test))
        rows.append(prompt_row(generator, name, attribute, probe))
    return rows


def generated(generator: Generator, prompts: Sequence[str | None]) -> Float[Tensor, "prompt 3 h w"]:
    """The middle frame of a clip from nothing, for each prompt; prompt n has seed n."""
    frames = min(generator.clip_frames, 9)
    camera = Camera.stack([Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)] * frames)
    nothing = torch.zeros(frames, HEIGHT, WIDTH)
    guidance = Guidance(
        rgb=nothing[:, None].expand(-1, 3, -1, -1).contiguous(),
        depth=nothing,
        known=nothing > 0,
        cameras=camera,
    )
    grey = torch.full((3, HEIGHT, WIDTH), 0.5)
    clips = [
        generator.generate(guidance, reference=grey, request=Request(seed=seed, prompt=prompt))
        for seed, prompt in enumerate(prompts)
    ]
    return torch.stack([clip.rgb[frames // 2] for clip in clips])


def _probe_row(name: str, accuracy: float, pairs: int) -> BenchRow:
    return BenchRow(
        name=f"probe of {name}",
        ours=100 * accuracy,
        baseline=50.0,
        baseline_name="chance",
        ratio=2 * accuracy,
        unit="% told right",
        case=f"{2 * pairs} held-out procedural pictures; "
        + judged(f"over {100 * LEAST_ACCURACY:g} %", accuracy > LEAST_ACCURACY),
    )


def prompt_row(generator: Generator, name: str, attribute: Attribute, probe: Probe) -> BenchRow:
    """How often a probe is right about pictures made with a prompt and with its opposite.

    A network that answers with the mean of what might be shows hardly anything as clearly as a scene does.
    So it is told as well how often the probe finds more of it with the prompt than with the opposite.
    """
    asked, opposed, silent = (
        generated(generator, [prompt] * GENERATED) for prompt in (attribute.prompt, attribute.opposite, None)
    )
    right = 50 * float(probe.sees(asked).float().mean() + (~probe.sees(opposed)).float().mean())
    more = probe.score(asked) > probe.score(opposed)
    return BenchRow(
        name=f"prompt {attribute.prompt!r}",
        ours=right,
        baseline=50.0,
        baseline_name="no prompt",
        ratio=right / 50,
        unit="% told right",
        case=f"{GENERATED} clips from nothing each; {name} seen in {_percent(probe.sees(asked))} with the "
        f"prompt, {_percent(probe.sees(opposed))} with {attribute.opposite!r}, "
        f"{_percent(probe.sees(silent))} without any; more of it than with the opposite: {_percent(more)}",
    )


def _percent(seen: Bool[Tensor, " picture"]) -> str:
    return f"{100 * float(seen.float().mean()):.0f} %"
