"""Alert Desk: Partner Center security alerts, decided in Microsoft Teams."""

__version__ = "0.1.0"
