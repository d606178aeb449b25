"""What may be spent, and what was: reserved before a model is asked, settled when it has answered."""
