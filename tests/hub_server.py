"""A stand-in for the Hugging Face Hub over loopback that speaks the real client's protocol; it can be told to fail."""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


def blob(data: bytes) -> str:
    """Git's name for a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """What the stand-in holds, and how it is to fail.

    Attributes:
        commits: (sha, files) of every repository, the latest last.
        tags: sha by tag of every repository.
        private: Whether each repository is.
        created: What was said when each repository was made.
        variables: Settings of Spaces.
        failing: A status that every request gets, or 0.
        portal: What every request gets instead, with the status 200, as where a network wants a login.
        spoil: Paths whose bytes are changed on the way.
        cut: Paths of which half is sent before the line breaks.
        asked: Method and path of every request.
        authorised: What every request said who it is from.
    """

    def __init__(self) -> None:
        self.commits: dict[str, list[tuple[str, Files]]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.private: dict[str, bool] = {}
        self.created: dict[str, Any] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self.large: Files = {}
        self.failing = 0
        self.portal = b""
        self.spoil: set[str] = set()
        self.cut: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.authorised: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                hub.asked.append((self.command, self.path))

            def route(self) -> None:
                hub.answer(self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = route

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def at(self, name: str, revision: str | None) -> tuple[str, Files]:
        """A commit by main, tag or sha; KeyError if there is none."""
        found = self.tags.get(name, {}).get(revision or "main", revision or "main")
        if found == "main":
            return self.commits[name][-1]
        return next((c for c in self.commits[name] if c[0] == found), None) or self.missing(found)

    @staticmethod
    def missing(name: str) -> Any:
        raise KeyError(name)

    def answer(self, request: Any) -> None:
        path, verb = unquote(urlsplit(request.path).path), request.command
        path = path.replace("/spaces/", "/models/" if path.startswith("/api/") else "/", 1)  # both live side by side
        body = self.body(request)
        self.authorised.append(request.headers.get("Authorization", ""))
        if self.portal:
            request.send_response(200)
            request.send_header("Content-Length", str(len(self.portal)))
            request.end_headers()
            request.wfile.write(b"" if verb == "HEAD" else self.portal)
            return
        if self.failing:
            send(request, self.failing, {"error": "told to fail"})
            return
        for method, pattern, handler in ROUTES:
            if verb in method and (match := re.fullmatch(pattern, path)):
                try:
                    handler(self, request, body, *match.groups())
                except KeyError:
                    code = "RevisionNotFound" if match.group(1) in self.commits else "RepoNotFound"
                    send(request, 404, {"error": code}, **{"X-Error-Code": code})
                return
        send(request, 404, {"error": f"no route {verb} {path}"})

    @staticmethod
    def body(request: Any) -> bytes:
        length = request.headers.get("Content-Length")
        if length is not None:
            return request.rfile.read(int(length))
        if "chunked" not in request.headers.get("Transfer-Encoding", ""):
            return b""
        found = b""
        while size := int(request.rfile.readline().strip() or b"0", 16):
            found += request.rfile.read(size)
            request.rfile.readline()
        request.rfile.readline()
        return found


def send(request: Any, code: int, content: Any = b"", kind: str = "application/json", **headers: str) -> None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    request.send_response(code)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(data)


def resolve(hub: Hub, request: Any, body: bytes, name: str, revision: str, path: str) -> None:
    sha, files = hub.at(name, revision)
    if path not in files:
        send(request, 404, {}, **{"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
        return
    data = files[path]
    tag = {"ETag": f'"{blob(data)}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
    if path in hub.spoil:
        data = bytes([data[0] ^ 1]) + data[1:]
    if path in hub.cut and request.command == "GET":
        request.send_response(200)
        for key, value in {"Content-Length": str(len(data)), **tag}.items():
            request.send_header(key, value)
        request.end_headers()
        request.wfile.write(data[: len(data) // 2])
        request.close_connection = True
        return
    send(request, 200, data, "application/octet-stream", **tag)


def tree(hub: Hub, request: Any, body: bytes, name: str, revision: str) -> None:
    _, files = hub.at(name, revision)
    send(request, 200, [{"type": "file", "path": k, "size": len(v), "oid": blob(v)} for k, v in files.items()])


def info(hub: Hub, request: Any, body: bytes, name: str, revision: str | None = None) -> None:
    sha, files = hub.at(name, revision)
    siblings = [{"rfilename": k, "size": len(v), "blobId": blob(v)} for k, v in files.items()]
    plain = {"id": name, "sha": sha, "private": hub.private[name], "siblings": siblings, "tags": []}
    send(request, 200, plain | {"downloads": 0, "likes": 0})


def create(hub: Hub, request: Any, body: bytes) -> None:
    asked = json.loads(body)
    name = f"{asked.get('organization') or 'me'}/{asked['name']}"
    if name in hub.commits:
        send(request, 409, {"url": f"{hub.url}/{name}"})
        return
    hub.commits[name] = [(hashlib.sha1(name.encode()).hexdigest(), {".gitattributes": b"*.safetensors filter=lfs\n"})]
    hub.created[name] = asked
    hub.private[name] = bool(asked.get("private")) or asked.get("visibility") == "private"
    send(request, 200, {"url": f"{hub.url}/{name}", "id": name})


def preupload(hub: Hub, request: Any, body: bytes, name: str, _: str) -> None:
    _, files = hub.at(name, None)
    modes = [
        {
            "path": f["path"],
            "uploadMode": "lfs" if f["path"].endswith(".safetensors") else "regular",
            "shouldIgnore": False,
            "oid": blob(files[f["path"]]) if f["path"] in files else None,
        }
        for f in json.loads(body)["files"]
    ]
    send(request, 200, {"files": modes})


def commit(hub: Hub, request: Any, body: bytes, name: str, _: str) -> None:
    files = dict(hub.at(name, None)[1])
    for line in body.splitlines():
        entry = json.loads(line)
        value = entry["value"]
        if entry["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif entry["key"] == "lfsFile":
            files[value["path"]] = hub.large[value["oid"]]
        elif entry["key"] == "deletedFile":
            del files[value["path"]]
    whole = repr(sorted((k, blob(v)) for k, v in files.items())) + str(len(hub.commits[name]))
    sha = hashlib.sha1(whole.encode()).hexdigest()
    hub.commits[name].append((sha, files))
    send(request, 200, {"commitUrl": f"{hub.url}/{name}/commit/{sha}", "commitOid": sha, "success": True})


def set_tag(hub: Hub, request: Any, body: bytes, name: str, revision: str) -> None:
    tag, tags = json.loads(body)["tag"], hub.tags.setdefault(name, {})
    if tag in tags:
        send(request, 409, {"error": "exists"})
        return
    tags[tag] = hub.at(name, revision)[0]
    send(request, 200, {})


def set_variable(hub: Hub, request: Any, body: bytes, name: str) -> None:
    asked = json.loads(body)
    hub.variables.setdefault(name, {})[asked["key"]] = asked["value"]
    send(request, 200, {asked["key"]: {"value": asked["value"], "updatedAt": "2026-01-01T00:00:00.000Z"}})


def drop_tag(hub: Hub, request: Any, body: bytes, name: str, tag: str) -> None:
    del hub.tags[name][tag]
    send(request, 200, {})


def batch(hub: Hub, request: Any, body: bytes, _: str) -> None:
    objects = [
        {"oid": o["oid"], "size": o["size"], "actions": {"upload": {"href": f"{hub.url}/lfs/{o['oid']}"}}}
        for o in json.loads(body)["objects"]
    ]
    send(request, 200, {"transfer": "basic", "objects": objects}, "application/vnd.git-lfs+json")


def put(hub: Hub, request: Any, body: bytes, oid: str) -> None:
    assert hashlib.sha256(body).hexdigest() == oid
    hub.large[oid] = body
    send(request, 200)


def yaml(_: Hub, request: Any, __: bytes) -> None:
    send(request, 200, {"errors": [], "warnings": []})


ID = r"([^/]+/[^/]+)"
ROUTES: tuple[tuple[tuple[str, ...], str, Any], ...] = (
    (("GET", "HEAD"), rf"/{ID}/resolve/([^/]+)/(.+)", resolve),
    (("GET",), rf"/api/models/{ID}/tree/([^/]+)(?:/.*)?", tree),
    (("GET",), rf"/api/models/{ID}(?:/revision/([^/]+))?", info),
    (("POST",), r"/api/repos/create", create),
    (("POST",), rf"/api/models/{ID}/preupload/([^/]+)", preupload),
    (("POST",), rf"/api/models/{ID}/commit/([^/]+)", commit),
    (("POST",), rf"/api/models/{ID}/tag/([^/]+)", set_tag),
    (("DELETE",), rf"/api/models/{ID}/tag/([^/]+)", drop_tag),
    (("POST",), rf"/api/models/{ID}/variables", set_variable),
    (("POST",), r"/api/validate-yaml", yaml),
    (("POST",), rf"/{ID}\.git/info/lfs/objects/batch", batch),
    (("PUT",), r"/lfs/([0-9a-f]+)", put),
)
