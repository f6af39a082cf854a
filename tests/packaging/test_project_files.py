"""What outsiders' programs read: the container's files, the citation, the templates and the hooks."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from gan.config.settings import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def test_only_the_proxy_is_reached_from_outside_and_it_asks_for_a_name() -> None:
    services = COMPOSE["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
    sites = COMPOSE["configs"]["caddyfile"]["content"]
    assert re.search(r"basic_auth \{\s+\{\$\$GAN_USER\} \{\$\$GAN_PASSWORD_HASH\}", sites)
    port = re.search(r"reverse_proxy app:(\d+)", sites)
    assert port is not None
    assert f"EXPOSE {port.group(1)}" in DOCKERFILE
    variables = set(re.findall(r"\{\$\$(\w+)\}", sites))
    assert variables == services["proxy"]["environment"].keys()


def test_the_app_of_compose_believes_its_proxy_alone_who_somebody_is() -> None:
    told = COMPOSE["services"]["app"]["environment"]
    assert told["GAN_SIGN_IN"] == "proxy"
    assert [{"subnet": told["GAN_PROXY_ADDRESSES"]}] == COMPOSE["networks"]["default"]["ipam"]["config"]
    sites = COMPOSE["configs"]["caddyfile"]["content"]
    assert "header_up X-Forwarded-User {http.auth.user.id}" in sites
    assert "header_up -X-Forwarded-Groups" in sites


def test_the_app_of_compose_has_an_init_process_a_lasting_name_and_every_volume_of_the_image() -> None:
    app = COMPOSE["services"]["app"]
    assert app["init"] is True
    assert app["hostname"]
    (volumes,) = re.findall(r"^VOLUME \[(.*)\]$", DOCKERFILE, flags=re.MULTILINE)
    mounted = dict(volume.split(":")[::-1] for volume in app["volumes"])
    assert mounted.keys() == set(re.findall(r'"([^"]+)"', volumes))
    assert set(mounted.values()) <= COMPOSE["volumes"].keys()


def test_the_image_runs_without_root_and_keeps_runs_and_data_in_its_volumes() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    users = re.findall(r"^USER (\w+)$", stages[-1], flags=re.MULTILINE)
    assert users == ["gan"]
    assert stages[-1].rindex("\nUSER gan") > stages[-1].rindex("\nRUN ")  # only root can install
    (places,) = re.findall(r"^ENV GAN_STORE=(\S+) GAN_DATA=(\S+)$", DOCKERFILE, flags=re.MULTILINE)
    assert all(f'"{place}"' in DOCKERFILE and f"chown gan:gan {' '.join(places)}" in DOCKERFILE for place in places)


def test_the_image_has_the_extras_that_the_installation_page_names() -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(\S+)$", DOCKERFILE, flags=re.MULTILINE)
    names = extras.split(",")
    page = re.sub(r"\s+", " ", (ROOT / "docs/install.md").read_text())
    assert f"The image has the extras {', '.join(f'`{name}`' for name in names[:-1])} and `{names[-1]}`." in page
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(names) <= offered.keys()
    assert all(f"`{name}`" in page for name in offered)


def test_everything_that_the_image_is_built_from_is_sent_to_docker() -> None:
    left_out = {line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#!"}
    needed = ("gan", "pages", ".streamlit", "streamlit_app.py", "pyproject.toml", "requirements.txt", "README.md")
    assert all((ROOT / path).exists() for path in needed)
    assert left_out.isdisjoint(needed)


def test_the_hooks_run_the_checks_of_ci() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    checks = [line for line in (ROOT / ".ci/run").read_text().splitlines() if re.match(r"\.venv/bin/(ruff|mypy)", line)]
    assert [hook["entry"] for hook in hooks] == checks


def test_the_citation_has_what_its_format_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation.keys() >= {"message", "title", "authors", "type", "license"}
    assert citation["references"][0]["title"] in re.sub(r"\s+", " ", (ROOT / "README.md").read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_a_form(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    if path.name == "config.yml":
        assert form.keys() <= {"blank_issues_enabled", "contact_links"}
        return
    assert form.keys() == {"name", "description", "labels", "body"}
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
