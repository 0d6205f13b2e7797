import subprocess
import sys

import pytest

COMMANDS = ("train", "evaluate", "predict", "export")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert out.startswith(f"usage: chainrule {command}")
    assert "--json" in out
    assert "--quiet" in out


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from chainrule import cli\n"
        f"for command in {COMMANDS}:\n"
        "    try: cli.main([command, '--help'])\n"
        "    except SystemExit: pass\n"
        "heavy = {'matplotlib', 'sklearn', 'joblib', 'pandas', 'tqdm', 'PIL', 'onnx'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
