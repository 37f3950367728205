"""Find out what a signature covers, and by which mistake it was refused.

In reading order: `opening` opens a signature with the public key; `model` has the parts
of a string to sign and the type of a mistake; `json_text` rewrites JSON text; `*_rows`
are the tables of mistakes; `search` finds the ones that explain a signature.
Nothing here reads a clock, a file or the network, and nothing needs a secret.
"""
