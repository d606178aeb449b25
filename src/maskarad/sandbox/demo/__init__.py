"""`maskarad demo`: the platform and the sandbox as real processes, and a play in ten acts that checks what they do.

The play knows the platform only from outside: as people in chats see it, as its model is asked, and by its log.
"""
