"""The probes of prompts: what they can tell, and what they are shown."""

import pytest
import torch

from voyager_lite.clip import Clip
from voyager_lite.evaluation.probe import (
    ATTRIBUTES,
    FIRST_SEED,
    Probe,
    dressed_pair,
    features,
    generated,
    labelled_pictures,
    prompt_row,
)


def by_hand(count, *, bright, seed):
    """Noise around a level of grey that differs from picture to picture."""
    draw = torch.Generator().manual_seed(seed)
    level = bright + 0.1 * torch.rand(count, 1, 1, 1, generator=draw)
    return (level + 0.05 * torch.randn(count, 3, 64, 96, generator=draw)).clamp(0, 1)


@pytest.fixture(scope="module")
def night_probe():
    pictures = torch.cat([by_hand(12, bright=0.05, seed=0), by_hand(12, bright=0.5, seed=1)])
    return Probe.fit(pictures, torch.arange(24) < 12)


def test_a_probe_tells_night_from_day_in_pictures_it_has_not_seen(night_probe):
    night, day = by_hand(6, bright=0.05, seed=2), by_hand(6, bright=0.5, seed=3)
    assert night_probe.sees(night).all() and not night_probe.sees(day).any()
    assert night_probe.accuracy(torch.cat([night, day]), torch.arange(12) < 6) == 1
    assert (night_probe.score(night) > 0).all() and (night_probe.score(day) < 0).all()
    assert night_probe.accuracy(night, torch.zeros(6, dtype=torch.bool)) == 0


def test_pictures_of_one_sort_teach_nothing():
    with pytest.raises(ValueError, match="4 of 4 pictures show it; expected some, not all"):
        Probe.fit(by_hand(4, bright=0.5, seed=0), torch.ones(4, dtype=torch.bool))


def test_features_do_not_depend_on_the_other_pictures():
    pictures = by_hand(3, bright=0.4, seed=5)
    assert torch.allclose(
        torch.from_numpy(features(pictures)[1:2]), torch.from_numpy(features(pictures[1:2]))
    )


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_pairs_show_one_scene_with_and_without(name):
    pictures, shown, seed = labelled_pictures(ATTRIBUTES[name], pairs=3, first=FIRST_SEED)
    assert pictures.shape == (6, 3, 64, 96) and shown.tolist() == [True, False] * 3
    assert seed >= FIRST_SEED + 3
    with_it, without = pictures[shown], pictures[~shown]
    if name == "night":
        assert (with_it.mean(dim=(1, 2, 3)) < without.mean(dim=(1, 2, 3))).all()
    if name == "red walls":
        redness = [(p[:, 0] - p[:, 1:].amax(dim=1)).clamp(min=0).mean() for p in (with_it, without)]
        assert redness[0] > redness[1]


def test_a_pair_is_the_same_whenever_it_is_asked_for():
    first, again = (dressed_pair(FIRST_SEED + 1, ATTRIBUTES["snow"]) for _ in range(2))
    assert (first is None) == (again is None)
    assert first is None or torch.equal(first[0], again[0])


class Obedient:
    """Makes dark pictures if the prompt says night, bright ones otherwise; or never listens."""

    name, clip_frames, reads_prompts = "obedient", 25, True

    def __init__(self, listens):
        self.listens, self.seeds = listens, []

    def generate(self, guidance, *, reference, previous=None, request, progress=None):
        assert not guidance.known.any()
        self.seeds.append(request.seed)
        dark = self.listens and "night" in (request.prompt or "")
        one = by_hand(1, bright=0.05 if dark else 0.5, seed=100 + request.seed)
        rgb = one.expand(len(guidance), -1, -1, -1)
        return Clip(rgb=rgb, depth=torch.ones(len(guidance), 64, 96), cameras=guidance.cameras)


def test_a_generator_that_listens_is_told_from_one_that_does_not(night_probe):
    row = prompt_row(Obedient(True), "night", ATTRIBUTES["night"], night_probe)
    assert row.ours == 100 and "seen in 100 % with the prompt, 0 %" in row.case
    assert row.case.endswith("more of it than with the opposite: 100 %")
    deaf = prompt_row(Obedient(False), "night", ATTRIBUTES["night"], night_probe)
    assert deaf.ours == deaf.baseline == 50
    assert deaf.case.endswith("more of it than with the opposite: 0 %")


def test_every_prompt_has_its_own_seed():
    generator = Obedient(True)
    assert generated(generator, ["night", None, "day"]).shape == (3, 3, 64, 96)
    assert generator.seeds == [0, 1, 2]


@pytest.mark.slow
def test_probes_are_right_on_held_out_procedural_pictures():
    for name, attribute in ATTRIBUTES.items():
        pictures, shown, seed = labelled_pictures(attribute, pairs=400, first=FIRST_SEED)
        probe = Probe.fit(pictures, shown)
        unseen = labelled_pictures(attribute, pairs=100, first=seed)[:2]
        assert probe.accuracy(*unseen) > 0.93, name
