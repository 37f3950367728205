"""The command `amazonpay`: one noun a file, over the public package.

stdout is data and stderr is words, so that a command can be piped. `docs/cli.md` has
the exit statuses, which `failures.py` decides. Nothing here prints a key, a password,
or a body of the journal that was not asked for.
"""
