"""What can happen in a day, one idea a file: its parameters, its formula, its literature.

A mechanism is a `Section` of parameters with the formula in its docstring, and methods that turn the
parameters into the arrays and whole numbers that the kernels take. It is used in three places: as one line of
`kocsim.scenario.Scenario`, as one step of `kocsim.simulation` and, in plain words, in
`kocsim.reference`.
"""
