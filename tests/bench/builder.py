"""Time and memory of building maps: `python -m tests.bench.builder`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

SYNTHETIC = 1_000_000  # junctions, and as many records


def main(shared: Path) -> None:
    """Build Milan and an invented region, and print seconds, memory and what came of it."""
    extract = shared / "osm" / "milan_italy_small.osm.pbf"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "map.zim")
        runs = {f"synth streets --size {SYNTHETIC}": ["synth", "streets", "--size", str(SYNTHETIC)]}
        if extract.exists():
            runs = {"build-streets Milan": ["build-streets", str(extract)], **runs}
        sys.stdout.write(f"\n{'zimfo-archives':34}{'s':>8}{'peak MB':>9}{'MB':>7}{'nodes':>11}{'records':>11}\n")
        for name, arguments in runs.items():
            run = "from zimfo_archives.cli import main; main()"
            command = [sys.executable, "-c", run, *arguments, "-o", str(target), "--json"]
            report = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            memory, size = (report.get("peak_rss_bytes") or 0) / 1e6, report["bytes"] / 1e6
            records = sum(report["records"].values())
            sys.stdout.write(
                f"{name:34}{report['seconds']:8.1f}{memory:9.0f}{size:7.1f}{report['nodes']:11,}{records:11,}\n"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3] / "shared" / "data")
