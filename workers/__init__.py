"""Celery's way in: translates messages into pipeline calls and decides nothing."""

from workers.app import app

__all__ = ["app"]
