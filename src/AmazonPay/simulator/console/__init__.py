"""The console: what has happened, what each object can do, and how to make it happen.

In reading order: `lines` says each row of the story in short, `detail` all of one row,
`canonical` what was signed beside what came, `orders` the orders, `lives` how an object
lives, `copies` a row as code, `routes` the HTTP calls, `files` the page itself.
"""
