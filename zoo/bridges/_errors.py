"""What a bridge says when it cannot do its work."""


class BridgeError(Exception):
    """What went wrong with a connection or at its far end; a clause that names the place and the next step."""
