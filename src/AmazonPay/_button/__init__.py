"""The checkout button: what is checked before it is signed, and how it is written.

`members` checks JSON against the types of `resources`, `rules` knows which members
belong together, `settings` checks the button's own settings, `page` writes the HTML.
"""
