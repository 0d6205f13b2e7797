import subprocess
import sys

import pytest

import chainrule
from chainrule import cli

COMMANDS = ["", "compare", "data", "data status", "data fetch", "data verify", "data clear"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "usage: chainrule" in capsys.readouterr().out


def test_the_version_is_said():
    for command in (["-m", "chainrule", "--version"],):
        said = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, check=True
        )
        assert said.stdout == f"chainrule {chainrule.__version__}\n"


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from chainrule import cli\n"
        "try: cli.main(['compare', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'matplotlib', 'sklearn', 'joblib', 'pandas', 'tqdm'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_an_unknown_command_is_wrong_use():
    with pytest.raises(SystemExit) as ended:
        cli.main(["predikt"])
    assert ended.value.code == 2
