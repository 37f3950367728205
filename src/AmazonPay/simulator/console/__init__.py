"""The console: a page with the story, the objects, and what can happen to them.

In reading order: `lines` shows each row of the story in short, and `detail` one row in
full; `canonical` compares what was signed with what came; `orders` lists the orders;
`lives` draws the life of an object; `copies` shows a row as code; `routes` has the HTTP
calls, and `files` the page itself.
"""
