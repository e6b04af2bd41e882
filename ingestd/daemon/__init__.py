"""
The composition root: everything is made, started, looped over and stopped here.
"""
