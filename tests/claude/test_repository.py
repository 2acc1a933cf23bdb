"""The git remote of a folder, from all the forms that a repository has on disk."""

from pathlib import Path

import pytest

from claudetools.claude.repository import git_remote, without_credentials


def repository(folder: Path, config: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text(config)
    return folder


def test_of_a_folder_inside_a_repository(tmp_path: Path) -> None:
    folder = repository(tmp_path / "acme", '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@host:acme.git\n')
    (folder / "src" / "deep").mkdir(parents=True)
    assert git_remote(str(folder / "src" / "deep")) == "git@host:acme.git"


def test_origin_comes_before_others_and_another_is_better_than_none(tmp_path: Path) -> None:
    both = '[remote "a"]\n\turl = https://host/a.git\n[remote "origin"]\n\turl = https://host/o.git\n'
    assert git_remote(str(repository(tmp_path / "both", both))) == "https://host/o.git"
    one = '[remote "upstream"]\n\tfetch = x\n\turl=https://host/u.git\n[branch "main"]\n\turl = https://host/no.git\n'
    assert git_remote(str(repository(tmp_path / "one", one))) == "https://host/u.git"


def test_of_a_work_tree(tmp_path: Path) -> None:
    main = repository(tmp_path / "main", '[remote "origin"]\n\turl = https://host/acme.git\n')
    private = main / ".git" / "worktrees" / "fix"
    private.mkdir(parents=True)
    (private / "commondir").write_text("../..\n")
    tree = tmp_path / "fix"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {private}\n")
    assert git_remote(str(tree)) == "https://host/acme.git"


def test_of_a_submodule(tmp_path: Path) -> None:
    outer = repository(tmp_path / "outer", '[remote "origin"]\n\turl = https://host/outer.git\n')
    inner = outer / ".git" / "modules" / "inner"
    inner.mkdir(parents=True)
    (inner / "config").write_text('[remote "origin"]\n\turl = https://host/inner.git\n')
    (outer / "inner").mkdir()
    (outer / "inner" / ".git").write_text("gitdir: ../.git/modules/inner\n")
    assert git_remote(str(outer / "inner")) == "https://host/inner.git"


@pytest.mark.parametrize(
    "config", ["", "[remote", '[remote "origin"]\n', "\x00\xff", "url = https://host/no-section\n"]
)
def test_a_repository_without_a_remote(tmp_path: Path, config: str) -> None:
    assert git_remote(str(repository(tmp_path / "acme", config))) is None


@pytest.mark.parametrize("folder", ["", "relative", "/nowhere/at/all", "\x00", "/" + "long" * 5_000])
def test_a_folder_that_is_none(folder: str) -> None:
    assert git_remote(folder) is None


def test_a_folder_outside_of_any_repository(tmp_path: Path) -> None:
    assert git_remote(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://me:ghp_token@host:8443/acme.git", "https://host:8443/acme.git"),
        ("https://token@host/acme.git?access=secret#frag", "https://host/acme.git"),
        ("ssh://git@host/acme.git", "ssh://host/acme.git"),
        ("git@host:acme.git", "git@host:acme.git"),
        ("/srv/git/acme.git", "/srv/git/acme.git"),
        ("https://[broken/acme", None),
    ],
)
def test_credentials_are_taken_out(address: str, clean: str | None) -> None:
    assert without_credentials(address) == clean
