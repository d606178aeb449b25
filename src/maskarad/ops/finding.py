"""What the doctor says of one thing."""

from maskarad.values import Value


class Finding(Value, frozen=True):
    """`ok` is None where nothing can be known; `todo` is there when it is False."""

    subject: str
    ok: bool | None
    state: str
    todo: str = ""


class Wrong(Exception):
    """What is wrong, and what to do."""

    def __init__(self, state: str, todo: str) -> None:
        super().__init__(state)
        self.state = state
        self.todo = todo


class Unknown(Exception):
    """Why nothing can be said."""
