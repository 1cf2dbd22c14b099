"""Runners that have their work done elsewhere: on a machine behind ssh, on a phone behind adb.

Each is started by `python -m` for every process that bench asks for, so this package is light: the standard library
alone.
"""

from zoo.bridges._ssh_channel import BridgeError, Channel

__all__ = ["BridgeError", "Channel"]
