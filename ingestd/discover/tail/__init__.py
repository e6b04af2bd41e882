"""
Files that grow: followed through every rotation, and taken in whole records.
"""
