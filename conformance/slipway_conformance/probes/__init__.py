"""Cases that data can't say: raw sockets, signals, floods, concurrency, containers. One module a section."""
