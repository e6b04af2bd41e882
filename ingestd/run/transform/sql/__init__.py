"""
The door of sqlglot: from text to syntax.

sqlglot says what the structure is, and this package takes the tokens along with it: the
places of operators come from there. sqlglot is made to translate between dialects,
reads on where it can and leaves out what it does not know (a third argument of
``date_trunc``, for one); here each token must be taken, so nothing is left out.
"""
