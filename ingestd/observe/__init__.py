"""
What the daemon tells: events, the log, the metrics, the health page, systemd.
"""
