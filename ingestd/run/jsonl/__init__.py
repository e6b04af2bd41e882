"""
JSON lines: each line one object, written anew as a row of plain CSV.
"""
