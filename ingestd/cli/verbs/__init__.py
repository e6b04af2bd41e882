"""
One module for each verb: ``execute(arguments)`` does it and returns the exit code.
"""
