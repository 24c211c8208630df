# %% [markdown]
# # One is a channel, many are a medium?
#
# **Question.** "A single KOC is a channel; a crowd of KOCs is a medium" (单个KOC是渠道；一群KOC是媒体, claim C13). If that
# is so, then somewhere between one KOC and a whole crowd something new must happen: adoptions *per KOC* must rise with
# the number of KOCs, because residents who hear of a thing from several sides are persuaded by what none of these could
# have done alone. If it is not so, every further KOC brings as much as the one before, or less.
#
# Three mechanisms pull: *reinforcement* (a further voice adds evidence), *thresholds* (how much evidence, or which
# share of one's ties, it takes) and *attention* (posts crowd each other out).

# %%
import matplotlib.pyplot as plt
import numpy as np

import kocsim as ks

# %% tags=["parameters"] small={"RESIDENTS": 2000, "REPLICATES": 2, "DAYS": 30}
RESIDENTS = 50_000
REPLICATES = 6               # counties, and luck, of their own
DAYS = 180

# %%
base = ks.Scenario.preset("small").replace(
    residents=RESIDENTS, kocs=RESIDENTS // 100, shops=max(RESIDENTS // 2_000, 1))
density = np.array([0.00002, 0.0002, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05])
kocs = sorted({max(round(share * RESIDENTS), 1) for share in density})
kocs

# %% [markdown]
# ## The curve of adopters by number of KOCs
#
# Four kinds of residents: those of the default; those whom only the first voice moves (`response.further = 0`, as Huang
# and Lin found for clicks on Moments); those who go by the share of their ties; and the default with nearly unlimited
# attention.

# %%
kinds = {
    "default": base,
    "only the first voice counts": base.replace(response={"further": 0.0}),
    "a share of ties": base.replace(identification={"threshold": "fractional"}),
    "ample attention": base.replace(attention={"posts_per_day": 100.0}),
}
sweep = ks.sweep(
    kinds, {"kocs": kocs}, replicates=REPLICATES, counties=REPLICATES, days=DAYS, seed=3,
    measures=["identified"], curves=[], out="out/channel_or_medium", progress=False)
mean = sweep.summary()["identified"]["mean"].unstack("scenario")[list(kinds)]
mean.style.format("{:.2%}")

# %%
ks.plot.bands(sweep, "identified", x="kocs", by="scenario");

# %% [markdown]
# ## What one more KOC brings
#
# Residents who identify, KOCs themselves not counted, for each KOC added. A medium would show a rise; a channel a level
# line; satiation a fall.

# %%
shares = mean.to_numpy() * RESIDENTS - np.array(kocs)[:, None]
marginal = np.diff(shares, axis=0) / np.diff(kocs)[:, None]
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
middle = np.sqrt(np.array(kocs[1:]) * np.array(kocs[:-1])) / RESIDENTS * 100
for name, values, style in zip(kinds, marginal.T, ("-o", "--s", "-.^", ":D"), strict=True):
    ax.plot(middle, values, style, label=name)
ax.set(xscale="log", xlabel="KOCs, % of residents", ylabel="residents identified for one more KOC")
ax.legend(frameon=False);

# %% [markdown]
# ## Does it take off?
#
# A medium in the strong sense would have a *critical density*: below it the county stays cold, above it, it ignites.
# `ks.critical` searches for the number of KOCs at which half of the whole rise is reached, by bisection on shared luck,
# and says whether the rise happens there at once. Proved on bootstrap percolation, where the answer is known, it says
# here:

# %%
found = ks.critical(
    base, "kocs", kocs[2], kocs[-1], measure="identified", replicates=6, counties=6, days=DAYS, seed=3,
    tolerance=0.1, out="out/channel_or_medium_critical", progress=False)
found

# %% [markdown]
# And where the answer is known to be *yes*: residents of a random network, each of whom adopts once two of her ten
# contacts have (no evidence, no fading, no attention). There, about 0.6% of seeds is the edge:

# %%
def ignites(seed, seeds):
    """Share of a random network that so many seeds set off where two contacts suffice."""
    ties = ks.networks.gnp(10_000, 10, seed % 8)
    out = ks.diffuse(ties, ks.rules.Threshold(count=2), seeds=ks.seeds.Random(seeds), seed=seed)
    return float(out.sizes[0]) / 10_000


ks.critical(ignites, "seeds", 10, 400, replicates=10, workers=0, progress=False)

# %% [markdown]
# ## Answer, and its limits
#
# In the default county each further KOC wins more than the one before, up to about half a per cent of residents, because
# one voice rarely suffices and a second helps the first; from 1% on most residents are persuaded already, and each wins
# less. So there is a stretch in which a crowd is more than the sum of its channels. It hangs on reinforcement: where only
# the first voice counts, or where residents go by the share of their ties, it is flatter and lower. A *take-off*, as in
# percolation, does not happen: posts that are seen daily for half a year, and evidence that fades, smear the edge out.
# `experiments/koc_density` has the same with elasticities and intervals.
#
# What the model cannot say: which kind of resident is the real one. The experiments on record disagree (Centola 2010;
# Huang and Lin), and none was made in a county.
