"""Named people, so that access tests read as sentences: Alice owns, Bob is a member, Charlie is a stranger."""

from maskarad.values import Sender

ALICE = Sender(id=1001, name="Alice", username="alice", language="en")
BOB = Sender(id=1002, name="Боб", username="bob", language="uk")
CHARLIE = Sender(id=1003, name="Charlie", username=None, language="ru")
