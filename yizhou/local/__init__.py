"""Everything that makes the program run on one machine: environment, engines, launcher, browser.

Nothing in here is imported by the program itself; production runs without it (docs/operations.md).
"""
