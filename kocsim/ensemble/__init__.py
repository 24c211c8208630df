"""Many runs: designs, replicates and sweeps that go on where they were cut off.

`sweeps` is what users call; `designs` says at which points, `study` what one run is, `engine` in which order and by
whom runs are done, `pools` who does them, `store` where they are kept.
"""
