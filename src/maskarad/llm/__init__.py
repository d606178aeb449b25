"""The language model's edge. Only here is the `openai` SDK imported, so only the composition root imports this."""
