"""An Android phone as `adb` sees one over TCP: the protocol of adbd, with a shell in a folder of this machine.

Messages are those of adb's protocol.txt, shell packets those of shell_protocol.h, file transfer that of SYNC.TXT (its
first version, which every adb still speaks). Commands run in this machine's `sh`, with the phone's paths put inside the
folder; `getprop` answers what a Pixel would. What runs gets SIGHUP when its stream is closed, as adbd does it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

CNXN, AUTH, OPEN, OKAY, CLSE, WRTE = (
    int.from_bytes(name, "little") for name in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE")
)
VERSION = 0x01000001
MOST_PAYLOAD = 4096
STDOUT, EXIT = 1, 3

PROPERTIES = {
    "ro.product.manufacturer": "Google",
    "ro.product.model": "Pixel 4",
    "ro.soc.manufacturer": "",
    "ro.soc.model": "",
    "ro.board.platform": "msmnile",
    "ro.build.version.release": "13",
}
CPUINFO = "".join(
    f"processor\t: {number}\nBogoMIPS\t: 38.40\n"
    "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\n"
    "CPU implementer\t: 0x51\nCPU architecture: 8\n\n"
    for number in range(8)
)


@dataclass
class Stream:
    """One OPEN of the host: `arrived` is what it wrote, None after it closed."""

    phone: FakePhone
    connection: socket.socket
    local: int
    remote: int
    arrived: queue.Queue[bytes | None] = field(default_factory=queue.Queue)
    acknowledged: queue.Queue[bool] = field(default_factory=queue.Queue)
    open: bool = True
    _rest: bytes = b""

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), MOST_PAYLOAD):
            self.phone.send(self.connection, WRTE, self.local, self.remote, data[start : start + MOST_PAYLOAD])
            if not self.acknowledged.get():
                raise ConnectionError

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            piece = self.arrived.get()
            if piece is None:
                raise ConnectionError
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class FakePhone:
    """Use as a context manager; `port` is where to `adb connect`.

    `authorized` False: every key is unknown, and nobody accepts it. `shell_v2` False: a phone before Android 7, whose
    shell returns no status. `root` is the folder that stands for the phone's storage.
    """

    def __init__(self, root: Path, *, authorized: bool = True, shell_v2: bool = True) -> None:
        self.root = root
        self.processes: list[subprocess.Popen[bytes]] = []
        self._authorized = authorized
        self._features = "shell_v2,cmd" if shell_v2 else "cmd"
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        (root / "data/local/tmp").mkdir(parents=True)
        (root / "bin").mkdir()
        (root / "proc").mkdir()
        governor = root / "sys/devices/system/cpu/cpu0/cpufreq"
        governor.mkdir(parents=True)
        (governor / "scaling_governor").write_text("schedutil\n")
        (root / "proc/cpuinfo").write_text(CPUINFO)
        (root / "proc/meminfo").write_text("MemTotal:        5638436 kB\nMemFree:          218140 kB\n")
        answers = "".join(f"{name}) echo '{value}';;\n" for name, value in PROPERTIES.items())
        getprop = root / "bin/getprop"
        getprop.write_text(f"#!/bin/sh\ncase $1 in\n{answers}esac\n")
        getprop.chmod(0o755)

    def __enter__(self) -> FakePhone:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for process in self.processes:
            process.kill()
            process.wait()

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self.port}"

    def place(self, path: str) -> Path:
        """Where a path of the phone lies here."""
        return self.root / path.lstrip("/")

    def send(self, connection: socket.socket, command: int, first: int, second: int, data: bytes = b"") -> None:
        header = struct.pack("<6I", command, first, second, len(data), sum(data), command ^ 0xFFFFFFFF)
        with self._lock:
            connection.sendall(header + data)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._sockets.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        streams: dict[int, Stream] = {}
        with contextlib.suppress(OSError, ConnectionError):
            while True:
                command, first, second, size, _, _ = struct.unpack("<6I", _exactly(connection, 24))
                data = _exactly(connection, size)
                if command in (CNXN, AUTH):
                    self._greet(connection)
                elif command == OPEN:
                    stream = Stream(self, connection, len(streams) + 1, first)
                    streams[stream.local] = stream
                    threading.Thread(target=self._run, args=(stream, data.rstrip(b"\0").decode()), daemon=True).start()
                elif command == OKAY:
                    streams[second].acknowledged.put(True)
                elif command == WRTE:
                    streams[second].arrived.put(data)
                    self.send(connection, OKAY, second, first)
                elif command == CLSE:
                    _close(streams[second])
        for stream in streams.values():
            _close(stream)

    def _greet(self, connection: socket.socket) -> None:
        if self._authorized:
            banner = f"device::ro.product.name=flame;ro.product.model=Pixel 4;features={self._features}"
            self.send(connection, CNXN, VERSION, MOST_PAYLOAD, banner.encode())
        else:
            self.send(connection, AUTH, 1, 0, os.urandom(20))

    def _run(self, stream: Stream, service: str) -> None:
        name, _, command = service.partition(":")
        kind = name.split(",")[0]
        with contextlib.suppress(OSError, ConnectionError):
            if kind in ("shell", "exec"):
                self.send(stream.connection, OKAY, stream.local, stream.remote)
                self._shell(stream, command, packets="v2" in name.split(","))
            elif kind == "sync":
                self.send(stream.connection, OKAY, stream.local, stream.remote)
                self._sync(stream)
            if stream.open:
                self.send(stream.connection, CLSE, stream.local, stream.remote)

    def _shell(self, stream: Stream, command: str, *, packets: bool) -> None:
        for path in ("/data/local/tmp", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"):
            command = command.replace(path, str(self.place(path)))
        process = subprocess.Popen(
            ["sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"},
        )
        self.processes.append(process)
        threading.Thread(target=_hang_up_when_closed, args=(stream, process), daemon=True).start()
        assert process.stdout
        while piece := os.read(process.stdout.fileno(), 4000):
            stream.write(struct.pack("<BI", STDOUT, len(piece)) + piece if packets else piece)
        status = process.wait()
        if packets:
            stream.write(struct.pack("<BIB", EXIT, 1, status & 0xFF if status >= 0 else 128 - status))

    def _sync(self, stream: Stream) -> None:
        while True:
            request, size = struct.unpack("<4sI", stream.read(8))
            if request == b"QUIT":
                return
            path = stream.read(size).decode()
            if request == b"STAT":
                stream.write(b"STAT" + struct.pack("<3I", *_stat(self.place(path))))
            elif request == b"RECV":
                self._give(stream, self.place(path))
            elif request == b"SEND":
                self._take(stream, self.place(path.rpartition(",")[0]))

    def _give(self, stream: Stream, path: Path) -> None:
        if not path.is_file():
            words = b"No such file or directory"
            stream.write(b"FAIL" + struct.pack("<I", len(words)) + words)
            return
        data = path.read_bytes()
        for start in range(0, len(data), 1 << 16):
            piece = data[start : start + (1 << 16)]
            stream.write(b"DATA" + struct.pack("<I", len(piece)) + piece)
        stream.write(b"DONE" + struct.pack("<I", 0))

    def _take(self, stream: Stream, path: Path) -> None:
        data = b""
        while True:
            kind, size = struct.unpack("<4sI", stream.read(8))
            if kind == b"DONE":
                break
            data += stream.read(size)
        if path.parent.is_dir():
            path.write_bytes(data)
            stream.write(b"OKAY" + struct.pack("<I", 0))
        else:
            words = b"couldn't create file: No such file or directory"
            stream.write(b"FAIL" + struct.pack("<I", len(words)) + words)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


def _close(stream: Stream) -> None:
    stream.open = False
    stream.arrived.put(None)
    stream.acknowledged.put(False)


def _hang_up_when_closed(stream: Stream, process: subprocess.Popen[bytes]) -> None:
    while stream.arrived.get() is not None:
        pass
    if process.poll() is None:
        process.send_signal(signal.SIGHUP)


def _stat(path: Path) -> tuple[int, int, int]:
    if not path.exists():
        return 0, 0, 0
    told = path.stat()
    return told.st_mode, told.st_size, int(told.st_mtime)
