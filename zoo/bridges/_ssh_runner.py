"""The runner of a machine behind ssh: brings the request's files over, passes lines on, brings outputs back.

`python -m zoo.bridges._ssh_runner SETTINGS`, where the settings are JSON: `ssh`, the argument list that reaches the
machine; `place`, its name in messages; `python`, the one with LiteRT there; `session`, the folder there that the
processes of one bench share; `runner`, the runner's file here.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from zoo.bridges._errors import BridgeError
from zoo.bridges._ssh_channel import Channel

_MOST_OUTPUT_BYTES = 1 << 30
_OUTPUT = re.compile(r"[\w-]+\.bin")


def main(arguments: list[str]) -> int:
    """Serve one request; the exit status is 0 where the runner there ended well."""
    settings = json.loads(arguments[0])
    line = sys.stdin.buffer.readline()
    try:
        request = json.loads(line)
        folder = Path(request["folder"])
        order, files = _make_order(request, settings)
        with Channel(settings["ssh"], settings["place"], order, python=settings["python"]) as channel:
            threading.Thread(target=_pass_commands, args=(channel,), daemon=True).start()
            return _relay(channel, folder, files, settings["place"])
    except BridgeError as error:
        _say_failed(str(error))
    except OSError as error:
        _say_failed(f"{error.filename} cannot be read or written here: {error.strerror}; check the path")
    except (ValueError, KeyError, TypeError):
        # Only what the order offered is ever sent, and only outputs are kept: an agent cannot ask for more.
        _say_failed(f"the answer from {settings['place']} was not understood; look what answers there")
    return 1


def _make_order(request: dict[str, Any], settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Path]]:
    """The agent's order, with the request's paths made those of the session's folder there, and the files to send.

    Files are named by the SHA-256 of their content, so that one is sent once a session.
    """
    files: dict[str, Path] = {}

    def there(path: Path, ending: str) -> str:
        name = hashlib.sha256(path.read_bytes()).hexdigest() + ending
        files[name] = path
        return name

    models = []
    for model in request["models"]:
        here = Path(model["inputs_folder"])
        inputs = [{**tensor, "file": there(here / tensor["file"], ".bin")} for tensor in model["inputs"]]
        path = f"files/{there(Path(model['path']), '.tflite')}"
        models.append({**model, "path": path, "inputs": inputs, "inputs_folder": "files"})
    run = f"run-{secrets.token_hex(8)}"
    order = {
        "task": "run",
        "session": settings["session"],
        "folder": run,
        "python": settings["python"],
        "runner": there(Path(settings["runner"]), ".py"),
        "request": {**request, "folder": run, "models": models, "picture": None},
        "files": [(name, path.stat().st_size) for name, path in files.items()],
    }
    return order, files


def _pass_commands(channel: Channel) -> None:
    """Bench's lines go to the runner there; their end ends it."""
    for line in sys.stdin.buffer:
        # Lines of the agent's own would begin so.
        if not line.startswith(b"!"):
            channel.send(line)
    channel.close()


def _relay(channel: Channel, folder: Path, files: dict[str, Path], place: str) -> int:
    """Answer what the agent asks, keep what it brings in `folder`, and pass on what the runner says."""
    for line in channel.lines():
        if not line.startswith(b"!"):
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            continue
        word, _, told = line[1:].partition(b" ")
        fields = json.loads(told)
        if word == b"need":
            for name in fields["names"]:
                channel.send_file(files[name])
        elif word == b"file":
            _keep(channel, folder, fields, place)
        elif word == b"failed":
            raise BridgeError(f"{place}: {fields['reason']}")
        elif word == b"ended":
            return _ended(int(fields["status"]), place)
    return 1


def _keep(channel: Channel, folder: Path, fields: dict[str, Any], place: str) -> None:
    name, size = str(fields["name"]), int(fields["size"])
    if not _OUTPUT.fullmatch(name) or not 0 <= size <= _MOST_OUTPUT_BYTES:
        raise BridgeError(f"{place} sent an output '{name[:80]}' of {size} bytes, which is not taken; try again")
    (folder / name).write_bytes(channel.read(size))


def _ended(status: int, place: str) -> int:
    """A runner that a signal ended could not say so itself."""
    if status < 0:
        _say_failed(f"the runtime's process on {place} was ended by {signal.Signals(-status).name}")
    return 0 if status == 0 else 1


def _say_failed(reason: str) -> None:
    sys.stdout.write(json.dumps({"event": "failed", "reason": reason[:900]}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
