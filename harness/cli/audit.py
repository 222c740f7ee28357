"""The command `harness audit`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, data_root, no_code, print_json
from harness.cli.progress import show_progress

COLORS = {"error": "red", "warning": "yellow", "note": None}
"""Terminal color of each severity, the worst first."""


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--atlas", type=click.Path(path_type=Path), metavar="FILE", help="Write the measured overlaps to a file.")
@no_code
@data_root
@as_json
def audit(targets: tuple[str, ...], atlas: Path | None, data_root: Path | None, as_json: bool) -> None:
    """Check datasets and splits for leakage.

    Checks datasets and the splits of experiments for leakage and other problems.

    A TARGET is a dataset (name or folder) or an experiment (config file or name). The exit code is 1 if the checks find
    an error.
    """
    import harness

    result = harness.audit_targets(targets, root=data_root, atlas=atlas, progress=show_progress("steps"))
    if as_json:
        print_json(result.document())
    else:
        for finding in result.findings:
            severity = click.style(finding.severity, fg=COLORS[finding.severity])
            click.echo(f"{severity}: {finding.check} {finding.where}: {finding.message}")
        counts = {severity: sum(f.severity == severity for f in result.findings) for severity in COLORS}
        summary = ", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in counts.items())
        click.echo(f"{result.sentences:,} sentences: {summary}; docs/reference/audit-checks/ explains the checks")
    sys.exit(1 if result.failed else 0)


COMMANDS: tuple[click.Command, ...] = (audit,)
