"""Measurements on a loaded county: `make bench`. Ratios in one run, never a timed test."""
