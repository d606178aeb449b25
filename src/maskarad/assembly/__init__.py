"""How the parts are put together, one module a part; `app.py` makes a running platform of them."""
