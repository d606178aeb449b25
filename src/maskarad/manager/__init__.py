"""The manager bot: people make personas with buttons and give them bots.

An update comes in through `bot.Manager`. A press is decoded (`callbacks`), looked up in the table of actions
(`actions.table`) and answered with a screen; screens are pure functions of what was read (`screens`). A message is a
command (`commands`), a pasted token (`actions.tokens`) or the answer to a question that a form asked
(`actions.answers`).
"""
