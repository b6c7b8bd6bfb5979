#!/usr/bin/env python3
"""What the program says about the corpus, as lines that every caller's test can compare with its own.

    verdicts.py PROGRAM MANIFEST > verdicts.tsv

A line: channel, verdict, path of the file, and each finding as rule:start-end:view, with tabs between them and spaces
between findings.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path


def main() -> None:
    program, manifest = sys.argv[1], Path(sys.argv[2]).resolve()
    samples = tomllib.loads(manifest.read_text())["sample"]
    files = []
    for sample in samples:
        path = manifest.parent / sample["path"]
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        files += [(file, sample.get("channel", "any"), sample["verdict"]) for file in inside]
    items = "".join(
        json.dumps({"id": n, "channel": channel, "text": file.read_bytes().decode()}) + "\n"
        for n, (file, channel, _) in enumerate(files)
    )
    run = subprocess.run([program, "scan", "--jsonl", "-"], input=items.encode(), stdout=subprocess.PIPE)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(files) > 0, f"{len(answers)} answers for {len(files)} files"
    for (file, channel, expected), answer in zip(files, answers):
        assert answer["verdict"] == expected, f"{file}: the manifest says {expected}: {answer}"
        found = [f"{f['rule']}:{f['start']}-{f['end']}:{f['view']}" for f in answer["findings"]]
        print(channel, answer["verdict"], file, " ".join(found), sep="\t")


main()
