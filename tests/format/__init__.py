"""Logs and memories as earlier builds left them, and that this one takes them over.

From format 1 on, whatever a released build wrote must be read by every later one. `recorded/` holds what builds left:
logs with snapshots and a beginning that was cut off, inputs that nobody had decided yet, and the memory in Redis.
Recordings are never made anew; a build that writes more adds one.
"""
