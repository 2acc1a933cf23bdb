"""Sample data: a believable MSP with a year of work, made by a seeded generator and loaded through the engine."""

from claudetools.demo.loading import Loaded, load
from claudetools.demo.make import make_plan
from claudetools.demo.plan import Draft, Plan, Ref

__all__ = ["Draft", "Loaded", "Plan", "Ref", "load", "make_plan"]
