"""What Amazon's pages say, as plain data, written from them and not from the package.

A misspelt member would pass our types, client and simulator alike, and fail live: these
tables are the second opinion. `words` has the notation.
"""
