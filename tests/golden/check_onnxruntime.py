#!/usr/bin/env python3
"""Runs exported graphs in ONNX Runtime and compares logits with the goldens. Optional: no build or test needs it.

usage: check_onnxruntime.py TESSERA [MODEL...]      (pip install onnxruntime safetensors)

TESSERA is the command (build/tessera); MODEL names folders of tests/data/models, default: all with a golden.
Prints the largest difference as a fraction of the tensor's range and fails beyond 2e-5.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

GOLDEN = Path(__file__).resolve().parent
MODELS = GOLDEN.parent / "data" / "models"
TOLERANCE = 2e-5


def feeds(session, case):
    ids = np.array([case["input_ids"]], dtype=np.int64)
    values = {
        "input_ids": ids,
        "position_ids": np.arange(ids.shape[1], dtype=np.int64)[None],
        "rope_length": np.full_like(ids, ids.shape[1]),
        "attention_mask": np.ones_like(ids),
        "token_type_ids": np.array([case.get("token_type_ids", [0] * ids.shape[1])], dtype=np.int64),
    }
    return {i.name: values[i.name] for i in session.get_inputs()}


def worst_of(tessera, name):
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tessera, "compile", str(MODELS / name), "--export-only", folder, "--weights", "copy"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        session = onnxruntime.InferenceSession(next(Path(folder).glob("*.onnx")))
        outputs = [o.name for o in session.get_outputs()]
        for case in json.loads((GOLDEN / name / "cases.json").read_text()):
            golden = load_file(GOLDEN / name / (case["name"] + ".safetensors"))
            for output, value in zip(outputs, session.run(outputs, feeds(session, case))):
                if output not in golden:
                    continue
                wanted = golden[output]
                worst = max(worst, float(np.abs(value[0] - wanted).max() / np.ptp(wanted)))
    return worst


def main():
    tessera, *names = sys.argv[1:]
    names = names or sorted(p.name for p in MODELS.iterdir() if (GOLDEN / p.name / "cases.json").exists())
    failed = False
    for name in names:
        worst = worst_of(tessera, name)
        failed |= not worst <= TOLERANCE
        print(f"{name:24} {worst:.1e} of the range{'' if worst <= TOLERANCE else '  BEYOND ' + str(TOLERANCE)}", flush=True)
    sys.exit(failed)


main()
