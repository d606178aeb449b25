"""What the platform counts of itself, in Prometheus' form. Labels have few known values: no people, no chats."""

from maskarad.metrics.meters import CacheMeter as CacheMeter
from maskarad.metrics.meters import TaskMeter as TaskMeter
from maskarad.metrics.meters import timed as timed
from maskarad.metrics.registry import BOT_STATES as BOT_STATES
from maskarad.metrics.registry import CONTENT_TYPE as CONTENT_TYPE
from maskarad.metrics.registry import Metrics as Metrics
