"""The Bot API methods, one function each; `table` lists them."""
