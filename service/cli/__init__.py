"""The command line: which commands there are, and the module that holds each.

A command's module is imported when the command is asked for, so that `fairlead --help` answers at once. Such a module
has one public name `command`: a function, whose parameters are the options, or a `typer.Typer` with commands of its
own. What a command ends with is decided in `exits`, how it speaks in `speech`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

from service.cli.streams import complete

COMMANDS: Final[Mapping[str, str]] = {
    "run": "Run the service with the configuration of a directory.",
    "demo": "Share out a few thousand made-up records, all inside this process.",
    "check": "Check a configuration and run its scenarios, without any broker.",
    "publish": "Send a file of records, JSON lines or CSV, as CRM events.",
    "watch": "Show assignments as they happen.",
    "explain": "Say why a record went to whom it went.",
    "pools": "Show each pool: who is next, who has how many, what waits.",
    "plans": "Show each sales plan: its clients, counts per manager, what it is worth.",
    "waiting": "Show which records wait, why, since when, and when they are tried again.",
    "reconcile": "Compare a list of what is open in the CRM with the memory, and correct what differs.",
    "members": "Say that somebody is away, off shift or back.",
    "workflows": "Show each workflow, how many are active, and which fields and steps are free.",
    "notifications": "Show what people would be told, in which words.",
    "rules": "Show how often each rule entry was used, and which never were.",
    "deadletters": "Show what could not be read or decided.",
    "config": "Show the configuration, or publish a directory as the next version.",
    "topics": "Compare the broker's topics with what is needed, or create them.",
    "sources": "Begin a new epoch of the sources.",
    "level": "Raise the lanes to what a new release can remember, once no older process is left.",
    "schemas": "Write the schemas of events, configuration and scenarios to a folder.",
    "restore": "The memory is right: write a halted lane's memory into its log.",
    "adopt": "The log is right: throw a halted lane's memory away, to be rebuilt from the log.",
}
"""Each command with its sentence; the module of `name` is `service.cli.name`."""

EPILOG: Final = "Ends with 0: all well, 1: problems were found, 2: wrong usage, or nothing to connect to."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    complete()
    given = sys.argv[1:] if arguments is None else list(arguments)
    name = next((word for word in given if not word.startswith("-")), None)
    app = application(name)
    if name not in COMMANDS:
        app(given, prog_name="fairlead")
    from service.cli.exits import exit_code  # noqa: PLC0415  # it knows every driver's errors; help needs none

    sys.exit(exit_code(lambda: app(given, prog_name="fairlead")))


def application(name: str | None) -> typer.Typer:
    """The program with the command `name` as it is, and all others as a line in the list of commands."""
    app = typer.Typer(
        help="Shares out CRM records among people, fairly, and says why.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_begin)
    for each, sentence in COMMANDS.items():
        command = import_module(f"service.cli.{each}").command if each == name else _not_loaded
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=each, help=sentence, no_args_is_help=True)
        else:
            app.command(each, help=sentence)(command)
    return app


def _tell_version(wanted: bool) -> None:
    if wanted:
        from service.version import PYTHON, VERSION  # noqa: PLC0415  # it reads the package's metadata

        typer.echo(f"fairlead {VERSION} (Python {PYTHON})")
        raise typer.Exit


def _begin(
    version: Annotated[
        bool, typer.Option("--version", help="Say which build this is.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Shares out CRM records among people, fairly, and says why."""


def _not_loaded() -> None:
    """Stands in the list for a command that was not asked for."""
