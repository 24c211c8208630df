# %% [markdown]
# # Sweeps, intervals and sensitivity
#
# **Question.** A run gives a number. How sure is it, what does it hang on, and which of two plans is the better one?
# In this notebook: many runs that survive a crash, intervals, a paired comparison that stops when it is decided, and
# how much of the spread of the answer each assumption brings about.

# %%
import kocsim as ks

# %% tags=["parameters"] small={"RESIDENTS": 3000, "DAYS": 30, "REPLICATES": 3, "POINTS": 8}
RESIDENTS = 20_000
DAYS = 120
REPLICATES = 8
POINTS = 256                 # of the Sobol' sequence: eight times as many runs

# %%
town = ks.Scenario.preset("small").replace(
    residents=RESIDENTS, kocs=RESIDENTS // 100, shops=max(RESIDENTS // 2_000, 1), days=DAYS)

# %% [markdown]
# ## How sure is a number?
#
# The same scenario with luck, and counties, of their own:

# %%
again = ks.replicate(town, n=2 * REPLICATES, seed=7, progress=False)
again.quantiles([0.1, 0.5, 0.9])["customers"].iloc[[0, 29, -1]]

# %% [markdown]
# At this size luck hardly matters: with so many residents, what one does by chance another makes up for. That holds for
# totals, not for a single KOC's income. What a number is unsure of is not luck but assumptions.
#
# ## A sweep
#
# A space of parameters, by dotted names. Every finished run is on disk in `out`; run the cell again and it goes on.

# %%
space = {"kocs": [RESIDENTS // 1_000, RESIDENTS // 200, RESIDENTS // 100], "friends.koc_median": [128.0, 500.0, 1_000.0]}
sweep = ks.sweep(town, space, replicates=3, seed=7, out="out/sweeps", progress=False)
sweep

# %%
sweep.summary()["customers"]

# %%
ks.plot.heat_map(sweep, "customers", x="kocs", y="friends.koc_median");

# %%
ks.plot.bands(sweep, "customers", x="kocs", by="friends.koc_median");

# %% [markdown]
# `sweep.to_xarray()` is the same as a labelled cube, `sweep.curves` has a row a day, `sweep.result(run)` is any run again,
# whole.
#
# ## Which plan is better?
#
# Posting all together on one day of the week, or each KOC on a day of her own? On shared luck, in pairs, no more of them
# than the answer takes. The interval holds however often it was looked.

# %%
weekly = {"every": 7, "moments": 1.0}
plans = {
    "staggered": town.replace(posting=weekly | {"synchrony": 0.0}),
    "burst": town.replace(posting=weekly | {"synchrony": 1.0}),
}
compared = ks.compare(plans, 64, "customers", seed=7, progress=False)
compared

# %%
ks.plot.differences(compared);

# %% [markdown]
# ## What does the answer hang on?
#
# Sobol' indices: the share of the variance of the answer, over a space of assumptions, that is gone once a parameter is
# known (*first*), and that remains when all others are known (*total*). A total above the first one tells of
# interactions.

# %%
ranges = {
    "kocs": ks.Range(RESIDENTS // 1_000, RESIDENTS // 50, log=True),
    "friends.koc_median": ks.Range(128.0, 1_000.0, log=True),
    "moments.view": ks.Range(0.05, 0.3),
    "attention.posts_per_day": ks.Range(3.0, 60.0, log=True),
    "identification.threshold": ["absolute", "fractional"],
    "response.further": ks.Range(0.0, 1.0),
}
found = ks.sensitivity(town, ranges, "identified", points=POINTS, seed=7, out="out/sensitivity", progress=False)
found

# %% [markdown]
# ## Answer, and its limits
#
# Luck is the least of it. Over these ranges the number of KOCs and the kind of threshold bring about most of the variance,
# and most of that together: total indices far above first-order ones say that what more KOCs do depends on which threshold
# people have. Whoever states how many residents identify without saying which has stated little. The order of plans is another
# matter: a paired comparison can be decided within a few pairs although neither number can be trusted by itself; but only
# for the assumptions it was made under. `experiments/burst_or_staggered` shows where that order turns.
#
# Indices are about the ranges that were asked for, evenly spread; other ranges give other shares. Parameters are taken as
# independent.
