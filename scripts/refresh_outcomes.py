"""Write tests/xnnpack/outcomes.json: what the rules say of the corpus, and what LiteRT's web runtime does with it.

Review its diff before committing it: where the two differ, the rules are to be mended, or the case says why not.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.xnnpack import cases
from tests.xnnpack.running import seen_by_web_runtime, written
from zoo.tflite import read_model
from zoo.xnnpack import engagement


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = seen_by_web_runtime(written(cases.CASES, Path(folder)))
    lines = []
    for case, found in zip(cases.CASES, seen, strict=True):
        verdict = engagement(read_model(case.file()), "wasm")
        rules = list(dict.fromkeys(each.rule for each in verdict.breaks))
        entry = [verdict.summary.split()[0].lower(), rules, found.outcome]
        lines.append(f" {json.dumps(case.name)}: {json.dumps(entry)}")
        if entry[0] != entry[2]:
            print(f"{case.name}: told {entry[0]} by {rules}, seen {found}; {case.because or 'not explained'}")
    cases.OUTCOMES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(lines)} cases")


if __name__ == "__main__":
    main()
