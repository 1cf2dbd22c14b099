"""Weights, pictures and tools: by package, hub, URL or path, proved by SHA-256 and kept in a cache."""

from zoo.sources._cache import cache_dir, write_whole
from zoo.sources._decode import read_picture
from zoo.sources._environment import side_python
from zoo.sources._fetch import FetchedFile, fetch_reference
from zoo.sources._node import litertjs_package, node_binary, tasks_vision_package, web_packages
from zoo.sources._pick import pick_pictures
from zoo.sources._pictures import (
    Picture,
    PictureSet,
    PictureSplit,
    check_unaltered,
    read_picture_set,
    set_digest,
    write_picture_set,
)
from zoo.sources._sample import sample_pictures
from zoo.sources._scan import scan_pictures
from zoo.sources._seen import Seen

__all__ = [
    "FetchedFile",
    "Picture",
    "PictureSet",
    "PictureSplit",
    "Seen",
    "cache_dir",
    "check_unaltered",
    "fetch_reference",
    "litertjs_package",
    "node_binary",
    "pick_pictures",
    "read_picture",
    "read_picture_set",
    "sample_pictures",
    "scan_pictures",
    "set_digest",
    "side_python",
    "tasks_vision_package",
    "web_packages",
    "write_picture_set",
    "write_whole",
]
