"""audit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness.cli.experiments import as_json, data_root, print_json

SHOWN = {"error": "red", "warning": "yellow", "note": None}


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("--atlas", type=click.Path(path_type=Path), metavar="FILE", help="Write the measured overlaps to a file.")
@data_root
@as_json
def audit(targets: tuple[str, ...], atlas: Path | None, data_root: Path | None, as_json: bool) -> None:
    """Check datasets together, or an experiment's splits, for leakage and other faults.

    A TARGET is a dataset (name or folder) or an experiment (config file or name). Exit code 1: an error was found.
    """
    import harness

    found = harness.audit_targets(targets, root=data_root, atlas=atlas)
    if as_json:
        print_json(found.document())
    else:
        for finding in found.findings:
            kind = click.style(finding.severity, fg=SHOWN[finding.severity])
            click.echo(f"{kind}: {finding.check} {finding.where}: {finding.message}")
        counts = {severity: sum(f.severity == severity for f in found.findings) for severity in SHOWN}
        said = ", ".join(f"{count} {severity}{'s' * (count != 1)}" for severity, count in counts.items())
        click.echo(f"{found.sentences:,} sentences: {said}; docs/reference/audit-checks/ says what each check means")
    sys.exit(1 if found.failed else 0)


COMMANDS: tuple[click.Command, ...] = (audit,)
