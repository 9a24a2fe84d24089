"""The image that everything is built on: pulled where a registry answers, else made from packages.

What is made here stands in for the published image on this machine only: it trusts the certificates
that the machine itself trusts beyond the usual ones (a company's network re-signs what it lets
through), which no published image may hold.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker
import requests
from docker.errors import DockerException, ImageNotFound

from .. import repository
from ..errors import ToolError
from ..run import Run
from ..terminal import Step
from . import buildkit, system

LABEL = "org.slipway.standin"
_ANSWER_SECONDS = 8.0
_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# Names another list of authorities to most tools that bring their own; those of a toolchain stand in its runtime.yaml.
_BUNDLE_VARIABLE = "SSL_CERT_FILE"
_SUITE = re.compile(r"^debian:([a-z]+)-slim$")


def wanted() -> str:
    """The image that the base's Dockerfile starts from, as it stands there."""
    text = (repository.root() / "runtimes" / "base" / "Dockerfile").read_text("utf-8")
    found = re.search(r"^ARG DEBIAN=(\S+)$", text, re.MULTILINE)
    if not found:
        raise ToolError("runtimes/base/Dockerfile has no line `ARG DEBIAN=<image>`: write one.")
    return found[1]


def ensure(client: docker.DockerClient, name: str, run: Run, step: Step) -> None:
    """Makes sure that the image *name* is there."""
    try:
        client.images.get(name)
        return
    except ImageNotFound:
        pass
    step.tell(f"asking the registry for {name}")
    if _pull(client, name):
        return
    suite = _SUITE.match(name)
    if suite is None:
        raise ToolError(
            f"No registry answers, and {name} can't be made without one: only debian:<suite>-slim can."
        )
    _bootstrap(client, name, suite[1], run, step)


def is_standin(client: docker.DockerClient, name: str) -> bool:
    """Whether the image *name* must not be published."""
    try:
        return LABEL in client.images.get(name).labels
    except ImageNotFound:
        return False


def _pull(client: docker.DockerClient, name: str) -> bool:
    """Whether *name* could be pulled; a registry that says nothing for some seconds counts as absent."""
    answered, done = threading.Event(), threading.Event()

    def pull() -> None:
        repository_, _, tag = name.partition(":")
        try:
            for _ in client.api.pull(repository_, tag=tag, stream=True, decode=True):
                answered.set()
            client.images.get(name)
            done.set()
        except (DockerException, requests.RequestException):
            pass
        finally:
            answered.set()

    worker = threading.Thread(target=pull, daemon=True)
    worker.start()
    if not answered.wait(_ANSWER_SECONDS):
        return False
    worker.join()
    return done.is_set()


def _bootstrap(client: docker.DockerClient, name: str, suite: str, run: Run, step: Step) -> None:
    if not shutil.which("mmdebstrap"):
        if not system.may_install():
            raise ToolError(
                f"No registry answers for {name}. On Debian, `apt-get install mmdebstrap` as root lets "
                "Slipway make it from packages; elsewhere, load the image by hand: docker load"
            )
        step.tell("installing mmdebstrap with apt-get")
        system.install(["mmdebstrap", "debian-archive-keyring"], step.tell)
    folder = run.folder("standin")
    archive = folder / "root.tar"
    step.tell(f"no registry answers: making Debian {suite} from packages")
    system.stream(
        [
            "mmdebstrap",
            "--variant=minbase",
            "--include=ca-certificates",
            # Suites that move may carry an expired Release file on a mirror; signatures are still checked.
            '--aptopt=Acquire::Check-Valid-Until "false"',
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            suite,
            str(archive),
            mirror(source_files()),
        ],
        step.tell,
        what=f"mmdebstrap {suite}",
    )
    step.tell("importing it")
    bare = f"{repository.NAMESPACE}/standin-root:{suite}"
    with archive.open("rb") as content:
        client.api.import_image_from_data(content, repository=bare.partition(":")[0], tag=suite)
    archive.unlink()
    context = folder / "context"
    (context / "certificates").mkdir(parents=True)
    for certificate in sorted(_CERTIFICATES.glob("*.crt")):
        shutil.copy(certificate, context / "certificates")
    (context / "Dockerfile").write_text(_dockerfile(bare), encoding="utf-8")
    buildkit.build(buildkit.Build(context, name, labels={LABEL: suite}), step.tell)


def _dockerfile(root_image: str) -> str:
    own = {name for runtime in repository.runtimes() for name in runtime.certificates}
    trusted = " ".join(f"{name}={_BUNDLE}" for name in (_BUNDLE_VARIABLE, *sorted(own)))
    return (
        f"FROM {root_image}\n"
        "COPY certificates/ /usr/local/share/ca-certificates/\n"
        "RUN update-ca-certificates\n"
        f"ENV {trusted}\n"
        'CMD ["bash"]\n'
    )


def source_files(apt: Path = Path("/etc/apt")) -> Iterator[str]:
    """The texts of apt's source files, of both kinds."""
    for path in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if path.suffix in (".list", ".sources") and path.is_file():
            yield path.read_text("utf-8", "replace")


def mirror(sources: Iterable[str]) -> str:
    """The Debian mirror that *sources* name; ToolError without one."""
    for text in sources:
        for line in text.splitlines():
            words = line.split()
            if not words or words[0] not in ("deb", "URIs:"):
                continue
            for word in words[1:]:
                if "://" in word and word.rstrip("/").endswith("/debian"):
                    return word
    raise ToolError(
        "apt's sources name no Debian mirror (an address that ends in /debian), and no registry answers: "
        "load the base image by hand, or use the machine's own toolchain: --engine process"
    )
