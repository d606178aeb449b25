"""The human side: people, bots and groups made and moved over HTTP. `routes` lists the calls."""
