"""Stands before the package of this name in processes that tests start, and is not there.

jsonschema takes it if it can, to tell IRIs, which nothing here asks for; it builds a grammar for
three seconds of CPU at each start of a Jupyter server.
"""

raise ImportError
