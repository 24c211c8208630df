"""The classroom page: two settings of a county of 50,000 residents side by side, on the same luck.

``kocsim demo`` opens it. What the page computes and says stands in modules of its own, which need no browser:

- `setting`: what the sliders say, as a scenario, and back;
- `runs`: counties and runs, each made once;
- `findings`: what came of A and B in numbers, and beside what the paper claims;
- `pictures`: what the page's map and curves are drawn from, and a figure to take along;
- `words`: English and Chinese;
- `player`: maps and curves that play day by day in the browser;
- `page`: the page itself, a marimo app;
- `serve`: the server behind ``kocsim demo``.
"""
