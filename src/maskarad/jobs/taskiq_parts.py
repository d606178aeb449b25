"""What we use of taskiq (docs/decisions/dispatch.md). It is imported here only, and by those who have a Redis."""

from maskarad.unwanted import hidden

# taskiq loads ZeroMQ where it finds it, 3 MB for a broker that we do not use.
with hidden("zmq"):
    from taskiq import AckableMessage, BrokerMessage
    from taskiq.acks import AcknowledgeType
    from taskiq.kicker import AsyncKicker
    from taskiq.receiver import Receiver
    from taskiq_redis.redis_broker import RedisStreamBroker

__all__ = ["AckableMessage", "AcknowledgeType", "AsyncKicker", "BrokerMessage", "Receiver", "RedisStreamBroker"]
