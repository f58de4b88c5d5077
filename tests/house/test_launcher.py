"""The launcher says in one line what is missing, and ends everything it started."""

import ast
import importlib.machinery
import importlib.util
import socket
import subprocess
import sys
import time

import pytest

from config import Settings
from tests.conftest import ROOT


@pytest.fixture
def launcher(tmp_path, monkeypatch):
    """The launcher as a module, at home in a folder of its own."""
    loader = importlib.machinery.SourceFileLoader("launcher", str(ROOT / "pennant"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("launcher", loader))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    module.ROOT, module.VENV = tmp_path, tmp_path / ".venv"
    module.PYTHON = module.VENV / "bin" / "python"
    return module


def test_an_old_python_is_told_which_one_is_needed(launcher):
    launcher.OLDEST = (9, 9)
    with pytest.raises(SystemExit, match=r"^pennant: Python 3\.11 or later is needed.*fix:"):
        launcher.main(["run"])


def test_an_unknown_command_is_answered_with_those_there_are(launcher):
    with pytest.raises(SystemExit, match="run, test, check, bench, demo, shots"):
        launcher.main(["serve"])


def test_no_command_prints_the_help(launcher, capsys):
    assert launcher.main([]) == 0
    assert "./pennant run" in capsys.readouterr().out


def test_a_machine_without_ensurepip_and_uv_is_told_the_fix(launcher, monkeypatch):
    monkeypatch.setattr(launcher.shutil, "which", lambda name: None)
    monkeypatch.setattr(launcher.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        launcher.make_venv()


def test_nothing_is_installed_twice_for_the_same_lock(launcher, monkeypatch, tmp_path):
    (tmp_path / "requirements.lock").write_text("flask==3 --hash=sha256:0\n")
    done = []
    monkeypatch.setattr(launcher, "make_venv", lambda: (tmp_path / ".venv").mkdir(exist_ok=True))
    monkeypatch.setattr(launcher, "install", lambda lock: done.append(lock.name))
    monkeypatch.setattr(launcher.subprocess, "run", lambda *args, **kwargs: None)
    launcher.prepare("requirements.lock")
    launcher.PYTHON.parent.mkdir()
    launcher.PYTHON.touch()
    launcher.prepare("requirements.lock")
    assert done == ["requirements.lock"]
    (tmp_path / "requirements.lock").write_text("flask==4 --hash=sha256:1\n")
    launcher.prepare("requirements.lock")
    assert done == ["requirements.lock"] * 2


@pytest.mark.parametrize("port", ["no", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(launcher, monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit, match="PORT must be a number"):
        launcher.chosen_port()


def test_a_taken_port_is_named(launcher, monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        monkeypatch.setenv("PORT", str(busy.getsockname()[1]))
        with pytest.raises(SystemExit, match="is taken"):
            launcher.chosen_port()


def test_a_child_that_dies_stops_the_whole_and_is_named(launcher, capsys):
    nap = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(nap) as lasting, subprocess.Popen([sys.executable, "-c", "1"]) as dying:
        children = {"web server": lasting, "scheduler": dying}
        began = time.monotonic()
        assert launcher.watch(children) == 1
        launcher.end(children)
        assert lasting.poll() is not None
        assert time.monotonic() - began < 20
    assert "the scheduler ended" in capsys.readouterr().out


def test_the_launcher_needs_the_standard_library_only():
    tree = ast.parse((ROOT / "pennant").read_text(), feature_version=(3, 7))
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            named.add(node.module)
        elif isinstance(node, ast.Import):
            named.update(alias.name.split(".")[0] for alias in node.names)
    assert named - {"__future__"} <= sys.stdlib_module_names


def test_readme_names_every_setting():
    readme = (ROOT / "README.md").read_text()
    lacking = [
        name
        for name in Settings.__dataclass_fields__
        if f"| `PENNANT_{name.upper()}` |" not in readme
    ]
    assert lacking == []
