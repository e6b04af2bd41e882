"""
From the bytes of a file to text that every engine's parser reads alike.
"""
