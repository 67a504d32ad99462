#!/usr/bin/env python3
"""Makes decoder-classification.json: logits of Hugging Face's sequence classifiers on decoders.

    pip install torch transformers
    tests/golden/make_decoder_classification.py > tests/golden/decoder-classification.json

The models of tests/data/models with five labels and score.weight[label, k] = sin(3 k + 7 label); the inputs are those of
<model>/cases.json, and, as "padded", the second of them with three padding tokens (id 7, or 8 where 7 comes first) behind.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

LABELS = 5
TESTS = pathlib.Path(__file__).resolve().parent.parent


def logits(model, ids):
    with torch.no_grad():
        return [float(x) for x in model(torch.tensor([ids])).logits[0]]


def main():
    torch.set_num_threads(1)
    table = {}
    for name in ("gpt2-tiny", "llama3-tiny", "mistral-tiny"):
        model = AutoModelForSequenceClassification.from_pretrained(
            TESTS / "data" / "models" / name, num_labels=LABELS, dtype=torch.float32, attn_implementation="eager").eval()
        labels, hidden = model.score.weight.shape
        angles = np.float32(3 * np.arange(hidden)[None, :] + 7 * np.arange(labels)[:, None])
        model.score.weight.data = torch.tensor(np.sin(angles.astype(np.float64)).astype(np.float32))
        model.config.pad_token_id = None
        cases = json.loads((TESTS / "golden" / name / "cases.json").read_text())
        table[name] = {case["name"]: logits(model, case["input_ids"]) for case in cases}
        ids = cases[1]["input_ids"]
        model.config.pad_token_id = 8 if ids[0] == 7 else 7
        table[name]["padded"] = logits(model, ids + 3 * [model.config.pad_token_id])
    json.dump(table, sys.stdout, indent=1)
    print()


main()
