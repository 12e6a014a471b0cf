"""``fastnn play``: a local page on which a network is trained and watched.

`server` speaks with browsers, `messages` checks what they say, and each page has a `Session`: a
thread that trains the network of a `Run`. Only `server` needs the extra ``play``.
"""
