"""Texts from templates, which may be anyone's: they see plain data, run apart, and end in a text or in one sentence.

Nothing of this package knows a spec or a record; what a template sees is what it is given.
"""

from zoo.rendering._apart import render
from zoo.rendering._data import Page, as_plain
from zoo.rendering._escape import plain
from zoo.rendering._folders import own_folders, template_folders

__all__ = ["Page", "as_plain", "own_folders", "plain", "render", "template_folders"]
