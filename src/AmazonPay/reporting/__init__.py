"""Files of reports: they are kept, compared with orders, and summed up.

Nothing here moves money. Amounts are decimals from the file to the result, and the
tables of any size are joined by DuckDB, which comes with the extra `[reports]` and goes
to disk where memory ends.
"""
