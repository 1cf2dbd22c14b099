"""Phones, tools and names that the target `adb` cannot use: one sentence each, with the next step."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.fake_phone import FakePhone
from tests.bench.phones import connected, running_adb, tool_program
from zoo.bench import _adb
from zoo.bench._adb import ADB, choose
from zoo.bridges import Device
from zoo.errors import InputError, OutsideError


@pytest.fixture(scope="module")
def adb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_adb(tmp_path_factory.mktemp("home")) as program:
        yield program


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tool_program(tmp_path_factory.mktemp("tool"))


@pytest.fixture(scope="module")
def phone(adb: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakePhone]:
    with connected(adb, FakePhone(tmp_path_factory.mktemp("phone") / "root")) as made:
        yield made


def test_a_tool_that_lies_on_the_phone_is_used(
    adb: str, tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(_adb.TOOL_VARIABLE, raising=False)
    with connected(adb, FakePhone(tmp_path / "root")) as other:
        with pytest.raises(OutsideError, match=r"there is no benchmark_model for the phone; get .* from http"):
            ADB.prepare(f"adb:{other.serial}")
        shutil.copy(tool, other.place(_adb.TOOL_ON_PHONE))

        made = ADB.prepare(f"adb:{other.serial}")
    assert json.loads(made.command[-1])["tool"] == _adb.TOOL_ON_PHONE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("#!/bin/sh\necho 'not executable: 64-bit ELF file'; exit 126\n", "does not run on .* 64-bit ELF file"),
        (
            "#!/bin/sh\necho '--graph=	string --use_profiler=	bool'; exit 1\n",
            "knows no --enable_op_profiling; take",
        ),
    ],
)
def test_a_tool_of_another_kind_is_refused(
    text: str, sentence: str, phone: FakePhone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "benchmark_model"
    other.write_text(text)
    monkeypatch.setenv(_adb.TOOL_VARIABLE, str(other))

    with pytest.raises(OutsideError, match=sentence):
        ADB.prepare(f"adb:{phone.serial}")


def test_a_named_tool_that_is_not_there(phone: FakePhone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_adb.TOOL_VARIABLE, "/no/tool")

    with pytest.raises(OutsideError, match="ZOO_BENCHMARK_MODEL names /no/tool, which is not a file"):
        ADB.prepare(f"adb:{phone.serial}")


def test_an_unknown_serial_is_named_with_what_there_is(phone: FakePhone) -> None:
    with pytest.raises(OutsideError, match=rf"no device HT123 \(it sees: {phone.serial}\)"):
        ADB.prepare("adb:HT123")


def test_a_phone_that_does_not_know_this_computer(adb: str, tmp_path: Path) -> None:
    with FakePhone(tmp_path / "root", authorized=False) as stranger:
        subprocess.run([adb, "connect", stranger.serial], check=False, capture_output=True, timeout=60)
        try:
            with pytest.raises(OutsideError, match=r"has not allowed this computer.*; accept the question"):
                ADB.prepare(f"adb:{stranger.serial}")
        finally:
            subprocess.run([adb, "disconnect", stranger.serial], check=False, capture_output=True, timeout=60)


def test_no_phone_at_all(tmp_path: Path, adb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(port))
    try:
        with pytest.raises(OutsideError, match="adb sees no phone; connect one by USB"):
            ADB.prepare("adb")
    finally:
        subprocess.run([adb, "kill-server"], check=False, capture_output=True, timeout=60)


def test_without_the_program_adb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv(_adb.ADB_VARIABLE, raising=False)

    ((_, told),) = ADB.look()
    assert not told.available
    with pytest.raises(OutsideError, match="adb is not installed; install it"):
        ADB.prepare("adb")


def test_a_named_adb_that_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(_adb.ADB_VARIABLE, "/no/adb")

    with pytest.raises(OutsideError, match="ZOO_ADB names /no/adb, which is no program"):
        ADB.prepare("adb")


READY, ASLEEP = Device("HT1", "device"), Device("HT2", "offline")


@pytest.mark.parametrize(
    ("devices", "serial", "sentence"),
    [
        ([READY, Device("HT3", "device")], None, r"several devices \(HT1, HT3\); name one as adb:SERIAL"),
        ([ASLEEP], None, "the phone HT2 is offline; unplug it"),
        ([READY, ASLEEP], "HT2", "the phone HT2 is offline"),
        ([Device("HT4", "no permissions (user in plugdev group; are your udev rules wrong?)")], None, "udev rules"),
        ([Device("HT5", "recovery")], None, "state 'recovery'; start Android"),
        ([], "HT6", r"no device HT6 \(it sees: none\)"),
    ],
)
def test_what_adb_lists_is_told_in_one_sentence(devices: list[Device], serial: str | None, sentence: str) -> None:
    with pytest.raises(OutsideError, match=sentence):
        choose(devices, serial)


def test_the_only_phone_that_can_be_used_is_meant() -> None:
    assert choose([ASLEEP, READY], None) == "HT1"


@pytest.mark.parametrize(
    "name", ["adb:", "adb:-s", "adb:HT1;reboot", "adb:$(reboot)", "adb/threads=0", "adb:HT1 x", "adb\n"]
)
def test_a_name_that_could_be_taken_for_more_is_refused(name: str) -> None:
    assert ADB.accepts(name)
    with pytest.raises(InputError, match="is not written as adb"):
        ADB.prepare(name)
