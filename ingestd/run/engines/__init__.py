"""
The compute plug-ins: one module each, the only door to its library.
"""
