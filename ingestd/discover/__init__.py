"""
Noticing files: the scan is the truth, notices are hints, what is settled counts.
"""
