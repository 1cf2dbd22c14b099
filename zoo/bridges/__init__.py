"""Runners that have their work done elsewhere: on a machine behind ssh, on a phone behind adb, in a browser.

Each is started by `python -m` for every process that bench asks for, so this package is light: what it imports at the
top is the standard library.
"""

from zoo.bridges._adb import PHONE_FOLDER, Adb, Device
from zoo.bridges._chromium import CHROMIUM_VARIABLE, find_chromium
from zoo.bridges._errors import BridgeError
from zoo.bridges._ssh_channel import Channel

__all__ = ["CHROMIUM_VARIABLE", "PHONE_FOLDER", "Adb", "BridgeError", "Channel", "Device", "find_chromium"]
