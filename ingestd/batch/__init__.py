"""
Group admitted files into batches, and a batch into read units. No I/O here.
"""
