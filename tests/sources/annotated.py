"""Small annotated sets, and writers of every format that know nothing of its reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from zoo.sources.annotations import AnnotatedSet


@dataclass(frozen=True)
class Thing:
    """A box x, y, width, height and points x, y, visibility, in pixels."""

    box: tuple[int, int, int, int] | None
    points: tuple[tuple[float, float, int], ...] = ()


@dataclass(frozen=True)
class Scene:
    """Objects by picture, of `size` pixels each."""

    size: tuple[int, int]
    things: Mapping[str, Sequence[Thing]]
    names: tuple[str, ...] = ()


def draw_picture(path: Path, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 60)).save(path)


def draw_pictures(scene: Scene, folder: Path, *, rename: Callable[[int, str], str] = lambda _, name: name) -> None:
    for place, name in enumerate(scene.things):
        draw_picture(folder / rename(place, name), scene.size)


def write_coco(scene: Scene, root: Path) -> None:
    draw_pictures(scene, root / "images")
    annotations = []
    for number, things in enumerate(scene.things.values()):
        for thing in things:
            entry: dict[str, object] = {"id": len(annotations) + 1, "image_id": number, "category_id": 3, "iscrowd": 0}
            if thing.box:
                entry |= {"bbox": list(thing.box), "area": thing.box[2] * thing.box[3]}
            if thing.points:
                entry |= {"keypoints": [number for point in thing.points for number in point]}
            annotations.append(entry)
    width, height = scene.size
    images = [
        {"id": number, "file_name": name, "width": width, "height": height} for number, name in enumerate(scene.things)
    ]
    categories = [{"id": 3, "name": "face", "keypoints": list(scene.names)}]
    content = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
    (root / "labels.json").write_text(json.dumps(content))


def write_yolo(scene: Scene, root: Path) -> None:
    draw_pictures(scene, root / "train" / "images")
    (root / "data.yaml").write_text("train: /somewhere/else\nnc: 1\nnames: ['face']\n")
    width, height = scene.size
    for name, things in scene.things.items():
        rows = [
            f"0 {(x + w / 2) / width!r} {(y + h / 2) / height!r} {w / width!r} {h / height!r}"
            for x, y, w, h in (thing.box for thing in things if thing.box)
        ]
        label = root / "train" / "labels" / Path(name).with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        if rows:
            label.write_text("\n".join(rows))


def write_dlib(scene: Scene, root: Path) -> None:
    draw_pictures(scene, root)
    lines = ["<?xml version='1.0' encoding='ISO-8859-1'?>", "<dataset><name>Made</name><images>"]
    for name, things in scene.things.items():
        lines.append(f"<image file='{name}'>")
        for thing in things:
            x, y, w, h = thing.box or (0, 0, 0, 0)
            lines.append(f"<box top='{y}' left='{x}' width='{w}' height='{h}'><label>face</label>")
            for part, (u, v, visibility) in zip(scene.names, thing.points, strict=False):
                lines += [f"<part name='{part}' x='{u:g}' y='{v:g}'/>"] if visibility else []
            lines.append("</box>")
        lines.append("</image>")
    (root / "faces.xml").write_text(
        "\n".join([*lines, "</images></dataset>"]), encoding="latin-1", errors="xmlcharrefreplace"
    )


def write_wider_face(scene: Scene, root: Path) -> None:
    draw_pictures(scene, root / "WIDER_val" / "images" / "0--Parade")
    lines = []
    for name, things in scene.things.items():
        lines += [f"0--Parade/{name}", str(len(things))]
        lines += [" ".join(map(str, (*(thing.box or ()), 0, 0, 0, 0, 0, 0))) for thing in things]
        lines += [] if things else ["0 0 0 0 0 0 0 0 0 0 "]
    split = root / "wider_face_split" / "wider_face_val_bbx_gt.txt"
    split.parent.mkdir()
    split.write_text("\n".join(lines) + "\n")


def write_csv(scene: Scene, root: Path) -> None:
    """One face a picture at most, the first."""
    draw_pictures(scene, root)
    rows = ["file,face_x,face_y,face_w,face_h"]
    for name, things in scene.things.items():
        rows.append(",".join([name, *(map(str, things[0].box or ()) if things else ("", "", "", ""))]))
    (root / "labels.csv").write_text("\n".join(rows))


def write_lsp(scene: Scene, root: Path) -> None:
    """LSPET: one person a picture, whose flag says whether a joint is labelled."""
    draw_pictures(scene, root / "images", rename=lambda place, _: f"im{place + 1:05d}.jpg")
    joints = np.array([[(x, y, visibility > 0) for x, y, visibility in one[0].points] for one in scene.things.values()])
    savemat(root / "joints.mat", {"joints": joints.transpose(1, 2, 0)}, do_compression=True)


def write_freihand(scene: Scene, root: Path) -> None:
    """Points put 700 mm before a camera that maps them back."""
    draw_pictures(scene, root / "training" / "rgb", rename=lambda place, _: f"{place:08d}.jpg")
    camera = np.array([[480.0, 0, 112], [0, 490.0, 100], [0, 0, 1]])
    hands = []
    for one in scene.things.values():
        pixels = np.array([(x, y, 1.0) for x, y, _ in one[0].points])
        hands.append((np.linalg.solve(camera, pixels.T).T * 0.7).tolist())
    (root / "training_xyz.json").write_text(json.dumps(hands))
    (root / "training_K.json").write_text(json.dumps([camera.tolist()] * len(hands)))


def boxes_of(found: AnnotatedSet) -> dict[str, list[tuple[float, ...]]]:
    """By picture's base name, the boxes x, y, width, height in pixels."""
    boxes: dict[str, list[tuple[float, ...]]] = {}
    for picture in found.pictures:
        rows = boxes.setdefault(picture.path.name, [])
        for thing in picture.objects:
            if thing.box is not None:
                left, top, right, bottom = thing.box
                width, height = picture.width, picture.height
                rows.append((left * width, top * height, (right - left) * width, (bottom - top) * height))
    return boxes


def points_of(found: AnnotatedSet) -> list[list[list[tuple[float, float, int]]]]:
    """Picture by picture, object by object, the points in pixels."""
    return [
        [[(x * picture.width, y * picture.height, seen) for x, y, seen in thing.keypoints] for thing in picture.objects]
        for picture in found.pictures
    ]
