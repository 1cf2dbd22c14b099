"""What a small hub remembers: repositories with commits and tags, and a store for Git LFS."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

MULTIPART_ABOVE = 64 * 1024
CHUNK = 24 * 1024
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Stored:
    """A file at a commit: its content, and whether it lies in Git LFS."""

    content: bytes
    lfs: bool

    @property
    def oid(self) -> str:
        if self.lfs:
            return hashlib.sha256(self.content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content, usedforsecurity=False).hexdigest()


@dataclass
class Repo:
    private: bool
    commits: list[tuple[str, dict[str, Stored]]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, Stored]) -> str:
        sha = hashlib.sha1(repr((len(self.commits), sorted(files))).encode(), usedforsecurity=False).hexdigest()
        self.commits.append((sha, files))
        return sha

    @property
    def head(self) -> str:
        return self.commits[-1][0]

    def at(self, revision: str) -> tuple[str, dict[str, Stored]] | None:
        sha = self.head if revision == "main" else self.tags.get(revision, revision)
        return next((one for one in self.commits if one[0] == sha), None)


@dataclass
class HubState:
    """Answers of the hub's HTTP interface, as far as publishing and fetching need them."""

    endpoint: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    store: dict[str, bytes] = field(default_factory=dict)
    parts: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def create(self, name: str, *, private: bool = False, files: dict[str, bytes] | None = None) -> Repo:
        repo = self.repos[name] = Repo(private=private)
        started = {".gitattributes": b"*.tflite filter=lfs\n", **(files or {})}
        repo.commit({path: Stored(content, lfs=False) for path, content in started.items()})
        return repo

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        parts = path.strip("/").split("/")
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return _json({"errors": [], "warnings": []})
        if parts[0] == "upload":
            return self._upload(method, parts[1:], body)
        if parts[0] == "cdn":
            return 200, {"Content-Type": "application/octet-stream"}, self.store[parts[1]]
        if path.endswith("/info/lfs/objects/batch"):
            return self._batch(json.loads(body))
        name = "/".join(parts[2:4] if parts[0] == "api" else parts[:2])
        repo = self.repos.get(name)
        if repo is None:
            return _error(404, "RepoNotFound")
        if parts[0] == "api":
            return self._api(repo, name, parts[4:], body)
        return self._resolve(repo, parts[3], "/".join(parts[4:]))

    def _create(self, asked: dict[str, Any]) -> Answer:
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.repos:
            return _error(409, "RepoExists", {"url": f"{self.endpoint}/{name}"})
        self.create(name, private=asked.get("visibility") == "private")
        return _json({"url": f"{self.endpoint}/{name}", "name": name})

    def _api(self, repo: Repo, name: str, rest: list[str], body: bytes) -> Answer:
        if rest == ["refs"]:
            tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": sha} for tag, sha in repo.tags.items()]
            branches = [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}]
            return _json({"branches": branches, "converts": [], "tags": tags})
        if rest[:1] == ["preupload"]:
            return _json({"files": [self._mode(repo, one) for one in json.loads(body)["files"]]})
        if rest[:1] == ["commit"]:
            return self._commit(repo, name, [json.loads(line) for line in body.splitlines()])
        if rest[:1] == ["tag"]:
            tag = json.loads(body)["tag"]
            if tag in repo.tags:
                return _error(409, "TagExists")
            repo.tags[tag] = rest[1]
            return _json({})
        found = repo.at(rest[1] if rest[:1] == ["revision"] else "main")
        if found is None:
            return _error(404, "RevisionNotFound")
        return _json({"id": name, "sha": found[0], "private": repo.private, "siblings": _siblings(found[1])})

    def _mode(self, repo: Repo, one: dict[str, Any]) -> dict[str, Any]:
        there = repo.commits[-1][1].get(one["path"])
        mode = "lfs" if one["path"].endswith(".tflite") else "regular"
        return {
            "path": one["path"],
            "uploadMode": mode,
            "shouldIgnore": False,
            "oid": there.oid if there is not None else None,
        }

    def _commit(self, repo: Repo, name: str, lines: list[dict[str, Any]]) -> Answer:
        header, operations = lines[0]["value"], lines[1:]
        if header.get("parentCommit", repo.head) != repo.head:
            return _error(412, "PreconditionFailed")
        files = dict(repo.commits[-1][1])
        for one in operations:
            path = one["value"]["path"]
            if one["key"] == "deletedFile":
                files.pop(path, None)
            elif one["key"] == "lfsFile":
                if one["value"]["oid"] not in self.store:
                    return _error(422, "MissingLfsFile")
                files[path] = Stored(self.store[one["value"]["oid"]], lfs=True)
            else:
                files[path] = Stored(base64.b64decode(one["value"]["content"]), lfs=False)
        sha = repo.commit(files)
        return _json({"success": True, "commitOid": sha, "commitUrl": f"{self.endpoint}/{name}/commit/{sha}"})

    def _batch(self, asked: dict[str, Any]) -> Answer:
        return _json({"transfer": "basic", "objects": [self._actions(one) for one in asked["objects"]]})

    def _actions(self, one: dict[str, Any]) -> dict[str, Any]:
        oid, size = one["oid"], one["size"]
        if oid in self.store:
            return one
        place = f"{self.endpoint}/upload/{oid}"
        upload: dict[str, Any] = {"href": place}
        if size > MULTIPART_ABOVE:
            count = -(-size // CHUNK)
            numbers = {str(number + 1): f"{place}/{number + 1}" for number in range(count)}
            upload = {"href": f"{place}/complete", "header": {"chunk_size": str(CHUNK), **numbers}}
        return one | {"actions": {"upload": upload, "verify": {"href": f"{place}/verify"}}}

    def _upload(self, method: str, rest: list[str], body: bytes) -> Answer:
        oid = rest[0]
        if method == "PUT" and len(rest) == 1:
            self.store[oid] = body
        elif method == "PUT":
            self.parts[oid, int(rest[1])] = body
            return 200, {"ETag": f'"{len(body)}"'}, b""
        elif rest[1] == "complete":
            numbers = [one["partNumber"] for one in json.loads(body)["parts"]]
            self.store[oid] = b"".join(self.parts[oid, number] for number in numbers)
        if oid in self.store and hashlib.sha256(self.store[oid]).hexdigest() != oid:
            del self.store[oid]
            return _error(400, "WrongHash")
        return _json({})

    def _resolve(self, repo: Repo, revision: str, path: str) -> Answer:
        found = repo.at(revision)
        if found is None or path not in found[1]:
            return _error(404, "EntryNotFound")
        file = found[1][path]
        if file.lfs:
            # As on the hub, large files lie on another host, which the token is no business of.
            elsewhere = self.endpoint.replace("127.0.0.1", "localhost")
            self.store[file.oid] = file.content
            return 302, {"Location": f"{elsewhere}/cdn/{file.oid}"}, b""
        return 200, {"Content-Type": "application/octet-stream"}, file.content


def _siblings(files: dict[str, Stored]) -> list[dict[str, Any]]:
    found = []
    for path, file in files.items():
        one: dict[str, Any] = {"rfilename": path, "size": len(file.content), "blobId": file.oid}
        if file.lfs:
            one["lfs"] = {"sha256": file.oid, "size": len(file.content), "pointerSize": 130}
        found.append(one)
    return found


def _json(document: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(document).encode()


def _error(status: int, code: str, more: dict[str, str] | None = None) -> Answer:
    found, headers, body = _json({"error": code, **(more or {})}, status)
    return found, headers | {"X-Error-Code": code}, body
