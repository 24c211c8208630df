# %% [markdown]
# # Write your own rule, channel and KOCs
#
# **Question.** The standard county makes choices: how evidence becomes conviction, through which channels word travels,
# what a KOC does with her day. What if you think otherwise? Here you first watch one resident's day in a county of thirty
# people, draw by draw, so that you know what you are changing; then you replace the rule, add a channel, and give KOCs
# and the firm a mind of their own.

# %%
import mesa
import numpy as np
import pandas as pd

import kocsim as ks

# %% tags=["parameters"] small={"RESIDENTS": 3000, "DAYS": 30}
RESIDENTS = 20_000
DAYS = 90

# %% [markdown]
# ## One resident's day, by hand
#
# A county of thirty, two of them KOCs. `explain` tells what happened to one resident on one day: what was delivered to
# her, what she saw, what it weighed, and why she moved on or did not. It is no summary but the same arithmetic on the
# same draws, done again in plain Python and checked against what the kernels did.

# %%
hamlet = ks.Scenario.preset("small").replace(residents=30, kocs=2, shops=1, days=40)
tiny = ks.CountyModel(hamlet, rng=4)
tiny.run_days(40)
people = tiny.residents.to_frame()
people[["stage", "evidence", "threshold", "sources", "kocs", "day_aware", "day_identified"]].head(8)

# %%
moved = people[people["day_identified"].between(1, 40)]      # KOCs began as customers, on day 0
who, day = int(moved.index[0]), int(moved["day_identified"].iloc[0])
told = tiny.explain(who, day)
print(told)

# %% [markdown]
# What was delivered to her, post by post: `chance` is what her attention left for a post where she looks, `drawn` the
# number that decided it.

# %%
told.delivered

# %% [markdown]
# It works for any resident on any day, in a county of a million too (some seconds: the run is repeated up to that day).
# `kocsim.reference` is that same day for all residents, in some hundreds of lines of plain Python: the specification that
# the fast kernels are tested against, resident by resident.
#
# ## A rule of your own
#
# From evidence to identification: a function of arrays, a row a resident who is aware or identified.

# %%
town = ks.Scenario.preset("small").replace(
    residents=RESIDENTS, kocs=RESIDENTS // 100, shops=max(RESIDENTS // 2_000, 1), days=DAYS)
county = ks.County.generate(town, seed=1)


def three_voices(weighed):
    """Identify after three distinct sources, whatever they weigh (complex contagion)."""
    return weighed.sources >= 3


def doubtful(weighed):
    """Identify by evidence, but never on the word of KOCs alone: at least one source must be a friend or a group."""
    return (weighed.evidence >= weighed.threshold) & (weighed.sources > weighed.kocs)


def shares(runs):
    """Of residents, on the last day."""
    last = {name: run.daily.iloc[-1][["aware", "identified", "customers"]] / RESIDENTS for name, run in runs.items()}
    return pd.DataFrame(last).T.style.format("{:.1%}")


runs = {"built in": ks.simulate(town, county=county, seed=1, progress=False)}
for rule in (three_voices, doubtful):
    runs[rule.__name__] = ks.simulate(town, county=county, seed=1, rule=rule, progress=False)
shares(runs)

# %% [markdown]
# ## A channel of your own
#
# What the firm says itself, to whom you like; here a leaflet a week to everyone.

# %%
leaflet = ks.Broadcast(
    name="leaflet", audience="everyone", posts=1 / 7, visit=0.3, view=0.5, strength=0.2, load=0.0, cost=300.0)
printed = town.replace(broadcasts=[leaflet])
runs["with a leaflet"] = ks.simulate(printed, county=county, seed=1, progress=False)
channels = runs["with a leaflet"].channels.groupby("channel")[["posts", "exposures", "cost"]].sum()
channels[channels["posts"] > 0]

# %%
shares({name: runs[name] for name in ("built in", "with a leaflet")})

# %% [markdown]
# ## KOCs of your own
#
# As Mesa agents, where each decides for herself:

# %%
class Tired(ks.KOC):
    """Posts daily at first, and only every third day from the third week on."""

    def decide(self):
        day = self.model.steps
        return ks.Posts(moments=1 if day < 15 or day % 3 == 0 else 0, groups=0)


model = ks.CountyModel(town, county=county, rng=1, koc_class=Tired)
model.run_days(30)
model.datacollector.get_model_vars_dataframe()[["aware", "identified", "customers"]].iloc[[6, 13, 20, 29]]

# %% [markdown]
# `CountyModel` is a `mesa.Model` like any other: KOCs and shops are AgentSets, and a `DataCollector` of your own asks
# what you like. Residents, of whom there may be a million, answer to the words of an AgentSet without being objects.

# %%
collector = mesa.DataCollector(
    model_reporters={
        "views a KOC": lambda model: model.kocs.agg("views", np.mean),
        "KOCs whom nobody saw": lambda model: len(model.kocs.select(lambda koc: koc.views == 0)),
        "evidence of the aware": lambda model: model.residents.select(stage="aware").agg("evidence", np.mean),
    },
    agent_reporters={"views": "views"})
model = ks.CountyModel(town, county=county, rng=1, koc_class=Tired)
while model.steps < 20:
    model.step()
    collector.collect(model)
collector.get_model_vars_dataframe().iloc[[0, 6, 13, 19]].round(2)

# %%
collector.get_agent_vars_dataframe().groupby("Step")["views"].describe()[["mean", "50%", "max"]].iloc[[0, 6, 13, 19]]

# %% [markdown]
# Or all at once, as a policy of arrays, which costs nothing at ten thousand KOCs. It is called each morning, sees what
# the firm sees, and decides:

# %%
def rest_the_unheard(morning):
    """KOCs whose posts nobody saw yesterday keep silent today."""
    if morning.day > 1:
        morning.moments[morning.views == 0] = 0


def by_turns(morning):
    """Half of the KOCs post on even days, the others on odd ones."""
    morning.moments[np.arange(morning.moments.size) % 2 == morning.day % 2] = 0


policies = {
    "default": ks.Arm(town), "rest the unheard": ks.Arm(town, policy=rest_the_unheard),
    "by turns": ks.Arm(town, policy=by_turns)}
compared = ks.compare(policies, 32, "identified", days=DAYS, seed=1, workers=0, progress=False)
compared

# %%
ks.plot.differences(compared);

# %% [markdown]
# Each row is a difference to the default on shared luck, with an interval that holds for all of them together;
# *variance ratio* says how many times more independent runs the same interval would have taken.
#
# ## Answer, and its limits
#
# One resident's day is a handful of posts, most of them passed over; what moves her is which few she happens to see and
# whether they come from somebody new. A rule is a function, a channel a line, a KOC a method, and each shows at once in the same tables. What you cannot change
# this way is the order of the day: posts, attention, seeing, weighing, identifying, buying. For a mechanism of your own in
# between, add a file to `kocsim/mechanisms`, a step to `kocsim/simulation.py`, and the same to `kocsim/reference`: the tests
# then compare the two.
