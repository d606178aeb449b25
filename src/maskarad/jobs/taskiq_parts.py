"""What we use of taskiq (docs/decisions/dispatch.md). It is imported here only, and by those who have a Redis."""

from maskarad.unwanted import hidden

# taskiq loads these where it finds them, 1.6 MB for a broker and for forms of messages that we do not use.
with hidden("zmq", "orjson", "msgpack"):
    from taskiq import AckableMessage, BrokerMessage
    from taskiq.acks import AcknowledgeType
    from taskiq.kicker import AsyncKicker
    from taskiq.receiver import Receiver
    from taskiq_redis.redis_broker import RedisStreamBroker

__all__ = ["AckableMessage", "AcknowledgeType", "AsyncKicker", "BrokerMessage", "Receiver", "RedisStreamBroker"]
