# %% [markdown]
# # The paper's county: what do 10,000 KOCs really reach?
#
# **Question.** The paper says: in a county of a million, ten thousand KOCs (1%), all posting to WeChat Moments, cover
# everybody several times over, so that awareness (认知), identification (认同) and transactions (交易) follow. Do they?
#
# Three answers, one after the other: what one post each would do by a law that needs no simulation; what the model
# says of the same; what half a year of daily posting does, and how far *identified* and *bought* lag behind *aware*.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from scipy import stats

import kocsim as ks

# %% tags=["parameters"] small={"RESIDENTS": 10000, "DAYS": 30}
RESIDENTS = 1_000_000        # the paper's; a run takes seconds
DAYS = 180

# %%
paper = ks.Scenario.preset("paper").replace(
    residents=RESIDENTS, kocs=RESIDENTS // 100, shops=max(RESIDENTS // 2_000, 1), days=DAYS)
paper

# %% [markdown]
# ## One post each: a law
#
# A KOC with `c` contacts in the county reaches `c` residents; each sees a post with probability `v`. Where contacts are
# spread at random, the number of distinct KOCs that a resident sees is binomial, with mean `0.01 c v`. How well connected
# a KOC is has been measured for nobody in this trade, so we take three values.

# %%
def law(contacts, view, share=0.01):
    """Shares of residents who see at least 1, 2 and 3 of the KOCs, each of whom posts once."""
    kocs = round(share * RESIDENTS)
    seen = stats.binom(kocs, contacts * view / RESIDENTS)
    return [seen.sf(k) for k in range(3)]


pd.DataFrame(
    {(contacts, view): law(contacts, view) for contacts in (128, 500, 1_000) for view in (0.1, 0.3)},
    index=pd.Index(["≥ 1 KOC", "≥ 2 KOCs", "≥ 3 KOCs"], name="saw"),
).rename_axis(columns=["contacts", "view"]).style.format("{:.1%}")

# %% [markdown]
# So "everybody" needs a thousand contacts a KOC and an eager look at Moments. At 128 contacts (the measured median
# number of WeChat friends) and one post in ten seen, a wave of ten thousand posts reaches one resident in eight.
#
# ## The same in the model
#
# The model adds what the law leaves out: contacts that cluster in townships, groups, background posts that compete for
# attention, friends who share.

# %%
county = ks.County.generate(paper, seed=1)
result = ks.simulate(paper, county=county, seed=1, communities=True, progress=False)
result

# %%
figure, panels = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
ks.plot.coverage(result, ax=panels[0])
ks.plot.coverage_law(result, "today", ax=panels[1]);

# %% [markdown]
# Left, day by day, how many distinct KOCs residents have seen so far: repetition makes up for reach. Right, the last
# day alone beside random mixing with the same mean: the model's residents are spread wider, more of them see no KOC and
# more see four or more, because some people live and chat among KOCs and others do not.

# %% [markdown]
# ## From aware to bought

# %%
ks.plot.overview(result);

# %%
days = [day for day in (1, 7, 30, 180) if day <= DAYS]
result.daily.loc[days, ["aware", "identified", "customers"]].div(RESIDENTS).style.format("{:.1%}")

# %% [markdown]
# ## Which assumption carries the conclusion?
#
# The same county and luck, with other numbers of contacts (the county's ties are made anew for these), and with the
# other kind of threshold: instead of an amount of evidence, a share of a resident's ties.

# %%
rows = {}
for contacts in (128.0, 500.0, 1_000.0):
    for kind in ("absolute", "fractional"):
        scenario = paper.replace(friends={"koc_median": contacts}, identification={"threshold": kind})
        last = ks.simulate(scenario, seed=1, progress=False).daily.iloc[-1]
        rows[contacts, kind] = last[["aware", "identified", "customers"]] / RESIDENTS
pd.DataFrame(rows).T.rename_axis(["contacts of a KOC", "threshold"]).style.format("{:.1%}")

# %% [markdown]
# ## Answer, and its limits
#
# *Awareness*: yes. Whoever posts daily to several hundred contacts makes a county aware within a week or two, even
# through a narrow attention. A single simultaneous post does not do it.
#
# *Identification and purchase*: it depends on what kind of threshold people have. If a fixed amount of evidence is enough,
# 1% of KOCs carry a majority in half a year. If it takes the agreement of a share of one's ties, they carry almost
# nobody, however many contacts they have. The paper does not say which; no published figure settles it.
#
# What the model cannot say here: purchase probabilities are assumptions, so *customers* compares scenarios and predicts no
# sales. KOCs' contacts are drawn from their township and the county; a KOC whose thousand contacts are other sellers reaches
# far fewer residents.
