"""The only door for what people say to personas: who may talk, is it for us, and the row that says so."""
