"""Questions asked of many runs: which of two is better, where it takes off, what matters."""
