"""
SQL scalar expressions: parsed and checked once, then a typed tree that engines compile.
"""
