# %% [markdown]
# # Ten minutes to kocsim
#
# **Question.** In a small Chinese county, one resident in a hundred is a *key opinion consumer* (KOC): an ordinary
# customer who posts about a product to WeChat Moments and leads a group or two. How far does the product get in half
# a year, and what would change that?
#
# You will make a county, run it, read its tables, draw it, change one thing at a time on the same luck, and give the
# KOCs a mind of their own. Nothing here takes longer than a few seconds.

# %%
import matplotlib.pyplot as plt
import pandas as pd

import kocsim as ks

# %% tags=["parameters"] small={"RESIDENTS": 4000, "DAYS": 40}
RESIDENTS = 50_000           # a twentieth of the paper's county
DAYS = 180

# %% [markdown]
# ## A scenario is everything a run needs but its luck
#
# Presets are starting points; `replace` changes what you name, in sections. A typo or a value out of range is refused
# in a sentence before anything runs.

# %%
scenario = ks.Scenario.preset("small").replace(
    residents=RESIDENTS, kocs=RESIDENTS // 100, shops=max(RESIDENTS // 2_000, 1), days=DAYS)
scenario

# %%
try:
    scenario.replace(friends={"koc_mediann": 300})
except ks.ParameterError as error:
    print(error)

# %% [markdown]
# Every parameter has a unit, a range, a meaning and a source, or the word *assumption*:

# %%
scenario.table().loc[["friends.koc_median", "moments.view", "attention.posts_per_day", "identification.absolute"]]

# %% [markdown]
# ## A county is made once, and shared by any number of runs

# %%
county = ks.County.generate(scenario, seed=1)
county

# %% [markdown]
# `summary` sets what was asked beside what came out:

# %%
county.summary().head(8)

# %% [markdown]
# ## Run it
#
# One seed, one result, to the last resident: it does not depend on the machine's number of processors.

# %%
result = ks.simulate(scenario, county=county, seed=1, progress=False)
result

# %%
result.daily[["aware", "identified", "customers", "orders", "exposures"]].iloc[[0, 6, 29, -1]]

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
ks.plot.funnel(result, ax=left)
ks.plot.coverage(result, ax=right);

# %% [markdown]
# Left: *aware* (认知) has seen it, *identified* (认同) is persuaded, a *customer* (交易) has bought. Right: how many
# distinct KOCs residents have seen so far. Awareness comes within days. The rest takes months, and much of it never
# comes.

# %% [markdown]
# ## Change one thing, on the same luck
#
# Every draw is a function of the seed, the day and who is concerned. So two runs on one seed differ by what was
# changed and by nothing else, and one pair of runs tells much more than two runs with luck of their own.

# %%
changes = {
    "as it is": {},
    "KOCs post half as often": {"posting": {"moments": scenario.posting.moments / 2}},
    "residents read half as many posts": {"attention": {"posts_per_day": scenario.attention.posts_per_day / 2}},
    "customers do not share": {"sharing": {"rate": 0.0}},
    "thresholds are a share of ties": {"identification": {"threshold": "fractional"}},
}
runs = {
    name: ks.simulate(scenario.replace(**change), county=county, seed=1, progress=False)
    for name, change in changes.items()}
pd.DataFrame({name: run.daily.iloc[-1][["aware", "identified", "customers"]] / RESIDENTS for name, run in runs.items()}
             ).T.style.format("{:.1%}")

# %% [markdown]
# One line decides more than all others: whether a resident needs a fixed amount of evidence, or the agreement of a
# share of those she knows. No published figure settles which it is; the third notebook looks into that.

# %% [markdown]
# ## KOCs with a mind of their own
#
# KOCs and shops are Mesa agents. Override `decide`, and only these agents are asked each day; the other residents stay
# rows of arrays.

# %%
class Weekender(ks.KOC):
    """Posts twice on the last two days of the week, and is silent otherwise."""

    def decide(self):
        return ks.Posts(moments=2 if self.model.steps % 7 in (6, 0) else 0, groups=0)


model = ks.CountyModel(scenario, county=county, rng=1, koc_class=Weekender)
model.run_days(28)
model.datacollector.get_model_vars_dataframe()[["aware", "identified", "customers"]].iloc[[6, 13, 20, 27]]

# %% [markdown]
# ## Keep it
#
# `result.save(folder)` writes Parquet tables and `provenance.json`, all it takes to run it again; `ks.Result.load`
# reads them. `result.digest()` is one hash of every resident's whole trajectory: two results with one digest are the
# same run.

# %%
result.digest()

# %% [markdown]
# ## Answer, and its limits
#
# With the default numbers nearly everybody is aware after a week, and about three quarters have identified after half
# a year. But the second number hangs on assumptions that nobody has measured in a county: that thresholds are
# absolute, that a post of a KOC is seen with the probability `moments.view`, that residents get to
# `attention.posts_per_day` posts a day. Take kocsim's numbers as answers to "what if", and compare scenarios.
#
# Next: [the paper's county](02_the_papers_county.ipynb) at its full size;
# [a channel or a medium?](03_channel_or_medium.ipynb); [your own rule, channel and KOCs](04_your_own_rules.ipynb);
# [your own data](05_your_own_data.ipynb); [sweeps, intervals and sensitivity](06_sweeps_and_sensitivity.ipynb).
