"""Imports point one way: cli -> pipeline -> domain packages -> records, spec; domain packages use only lower ones."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ZOO = Path(__file__).resolve().parent.parent / "zoo"
BASE = {"errors", "bounded_yaml", "files", "gzipped", "progress", "machine", "spec", "records"}
"""What everyone may use."""

LOWER = {
    "errors": set(),
    "bounded_yaml": {"errors", "files"},
    "files": {"errors"},
    "gzipped": set(),
    "progress": set(),
    "machine": {"records"},
    "records": {"errors"},
    "spec": {"errors", "bounded_yaml"},
    "sources": set(BASE),
    "tflite": set(BASE),
    "xnnpack": BASE | {"tflite"},
    "adapt": BASE | {"runtimes", "tflite", "xnnpack"},
    "student": BASE | {"tflite", "xnnpack"},
    "training": BASE | {"student", "tflite", "xnnpack"},
    "convert": BASE | {"adapt", "student", "tflite", "xnnpack"},
    "bridges": {"errors", "tflite"},
    "bench": BASE | {"bridges", "sources", "tflite", "xnnpack"},
    "runtimes": BASE | {"bridges", "sources", "tflite"},
    "evaluate": BASE | {"sources", "tflite", "runtimes"},
    "families": BASE | {"evaluate", "runtimes", "sources", "training"},
    "rendering": {"errors"},
    "card": BASE | {"rendering"},
    "release": BASE | {"card"},
    "demo": BASE | {"rendering", "runtimes", "sources", "tflite", "xnnpack"},
    "pipeline": BASE
    | {
        "sources",
        "tflite",
        "xnnpack",
        "adapt",
        "student",
        "training",
        "convert",
        "bench",
        "runtimes",
        "evaluate",
        "families",
        "rendering",
        "card",
        "release",
        "demo",
    },
    "pytest_plugin": BASE | {"families", "pipeline"},
    "cli": BASE | {"adapt", "card", "demo", "pipeline", "bench", "sources", "xnnpack", "release", "tflite"},
}
"""Which packages each may import. The command line may call a domain function that needs no build."""


def imported_packages(path: Path) -> set[str]:
    """Names of the packages below `zoo` that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "zoo":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("zoo.")}
    return found - {"__version__"}


@pytest.mark.parametrize("package", sorted(LOWER))
def test_package_imports_only_lower_ones(package: str) -> None:
    files = list((ZOO / package).rglob("*.py")) or [ZOO / f"{package}.py"]
    assert all(file.is_file() for file in files)
    for file in files:
        foreign = imported_packages(file) - LOWER[package] - {package}
        assert not foreign, f"{file.relative_to(ZOO.parent)} imports {', '.join(sorted(foreign))}"


def test_every_package_is_placed() -> None:
    names = {path.stem for path in ZOO.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert names - {"__init__"} == set(LOWER)


def test_no_package_is_below_itself() -> None:
    for package, lower in LOWER.items():
        for other in lower:
            assert package not in LOWER[other], f"{package} and {other} may import one another"


@pytest.mark.parametrize(
    "package", ["tflite", "xnnpack", "adapt", "bench", "runtimes", "evaluate", "card", "release", "sources"]
)
def test_package_never_imports_tensorflow(package: str) -> None:
    for file in (ZOO / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            roots = {name.split(".")[0] for name in names}
            assert not roots & {"tensorflow", "tf_keras", "tensorflow_model_optimization"}, file


def test_no_file_is_a_maze() -> None:
    long = {
        str(path.relative_to(ZOO.parent)): count
        for path in ZOO.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert not long
