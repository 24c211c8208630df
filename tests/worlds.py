"""Random small worlds and scenarios, in which everything happens often."""

from __future__ import annotations

from hypothesis import strategies as st

import kocsim as ks


def share(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[float]:
    """Shares with the ends as likely as anything between them."""
    return st.one_of(st.sampled_from([low, high]), st.floats(low, high))


@st.composite
def scenarios(draw: st.DrawFn, residents: int = 120) -> ks.Scenario:
    """A county of a handful to `residents` people in which nobody waits long for anything."""
    n = draw(st.integers(1, residents))
    off = st.just(0.0)  # as likely as not: a mechanism that is switched off
    return ks.Scenario(
        residents=n,
        kocs=draw(st.integers(0, min(n, 12))),
        shops=draw(st.integers(0, 3)),
        population={
            "community_median": draw(st.sampled_from([10.0, 40.0])),
            "township_mean": 80.0,
            "seat_share": draw(share()),
        },
        friends={
            "median": draw(st.floats(0, 40)),
            "in_county": draw(share()),
            "koc_median": draw(st.floats(0, 60)),
            "koc_local": draw(share()),
            "circle_size": draw(st.sampled_from([2, 10, 1000])),
            "strength_spread": draw(share()),
        },
        groups={
            "per_resident": draw(st.floats(0, 4)),
            "median": 8.0,
            "led": draw(st.integers(0, 2)),
            "led_median": draw(st.floats(0, 20)),
        },
        need={"rate": draw(share(0.2))},
        posting={
            "moments": draw(st.floats(0, 2.5)),
            "groups": draw(st.floats(0, 1.5)),
            "quality": draw(share()),
        },
        content={
            "service": draw(share()),
            "noise": draw(share()),
            "disclosed": draw(off | share()),
            "service_weight": draw(share()),
            "noise_weight": draw(share()),
        },
        trust={
            "service": draw(off | st.floats(0, 0.1)),
            "selling": draw(off | st.floats(0, 0.1)),
            "noise": draw(off | share()),
            "half_life": draw(off | st.floats(0.5, 60)),
            "mute": draw(off | share()),
        },
        sharing={"rate": draw(share()), "group": draw(share()), "quality": draw(share())},
        moments={
            "visit": draw(share(0.3)),
            "view": draw(share()),
            "persuasiveness": draw(share(0.5)),
            "load": draw(st.floats(0, 4)),
        },
        group_chat={"visit": draw(share(0.3)), "view": draw(share()), "load": draw(st.floats(0, 4))},
        attention={
            "posts_per_day": draw(st.floats(0, 30)),
            "background_posts": draw(st.floats(0, 0.3)),
        },
        response={
            "first": draw(st.floats(0, 3)),
            "further": draw(st.floats(0, 3)),
            "repeat": draw(st.floats(0, 1)),
            "half_life": draw(st.floats(0.5, 60)),
        },
        identification={
            "threshold": draw(st.sampled_from(["absolute", "fractional"])),
            "absolute": draw(st.floats(0, 4)),
            "fraction": draw(share()),
            "sigma": draw(st.floats(0, 1.5)),
            "hysteresis": draw(share()),
        },
        purchase={
            "first": draw(share(0.2)),
            "repeat": draw(share()),
            "lapse": draw(share(0.0, 0.3)),
            "win_back": draw(share()),
        },
    )
