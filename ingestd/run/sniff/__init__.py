"""
Which dialect do these files have? A proposal, proved by the reader that will read.

Marks, edges and values of a sample suggest candidates; how many records each of them
reads and how many it sets aside decides. No engine is asked before the end.
"""
