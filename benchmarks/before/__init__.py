"""The bot as the two documents found it, before what they recommend: the state that Maskarad is held against.

Each choice and the sentence it comes from stand in `README.md` beside this file.
"""
