"""
Make staged parts visible, once, and record that it happened.
"""
