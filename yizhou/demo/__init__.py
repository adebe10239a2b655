"""The demo county: invented people in real villages, and the files their departments would send.

Everything follows from SEED, the anchor day and the place, so it can be made again anywhere:

    county.py       places: townships and villages as they are, tun and grids made up
    families.py     households and people of one village, by grid (shapes.py, names.py, ids.py)
    posts.py        people in charge, 4+2+2, and a few vacancies
    stories.py      who should be alerted and why, and near misses (truth.py, planting.py)
    background.py   ordinary rows of the four data sets, clear of every line
    departments.py  the files, as clerks write them (clerks.py), with a known amount of dirt
    load.py         the registry into PostgreSQL, in one transaction
    sending.py      the files through the REST API
"""

SEED = "yizhou-2026"
