#!/usr/bin/env python3
"""Runs the graphs for Cloud AI 100 in ONNX Runtime against the goldens. Optional: no build or test needs it.

usage: check_qaic_onnxruntime.py TESSERA [MODEL...]      (pip install onnxruntime safetensors)

TESSERA is the command (build/tessera); MODEL names folders of tests/data/models. Each mode of a decoder: the prompt in
chunks with padding, then greedy tokens, in states that begin full of large numbers. Encoders: padded, pooled, classified.
The graphs have the option guard-indices, since ONNX Runtime refuses the index that a card takes for "no row".
Prints the largest difference as a fraction of the tensor's range; fails beyond 2e-5 and for another token.
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
DECODERS = ["llama-stories260k", "llama3-tiny", "mistral-tiny", "gpt2-tiny"]
ENCODERS = ["bert-tiny-embed", "bert-tiny-mlm", "bert-tiny-cls", "bert-tiny-ner"]
TOLERANCE = 2e-5
CHUNK, SLOTS, DRAFTED, STEPS = 32, 3, 3, 8
# Modes by the options of the backend, but the last: its lengths begin at 1024, beyond these models' positions.
MODES = {
    "plain": [],
    "cb": ["--full-batch-size", str(SLOTS)],
    "target": ["--speculative-model-type", "target", "--num-speculative-tokens", str(DRAFTED)],
    "cb-target": ["--full-batch-size", str(SLOTS), "--speculative-model-type", "target", "--num-speculative-tokens",
                  str(DRAFTED)],
    "sampler": ["--include-sampler"],
    "cb-sampler": ["--full-batch-size", str(SLOTS), "--include-sampler"],
    "cb-ccl": None,
}
CCL_PASSES = ("fp16:to=float32,tabulate-rotary,qaic-kv-cache:slots=true,ccl=true,guard-indices=true,select-logits:mode=last,"
              "qaic-names,inline-functions")


def run(words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stderr}")


def export(tessera, model, mode, folder, ctx_len):
    path, target = str(MODELS / model), str(Path(folder) / "export")
    if mode is None:
        run([tessera, "compile", path, "--export-only", target, "--weights", "copy", "--passes", CCL_PASSES])
    else:
        run([tessera, "compile", path, "--backend", "qaic", "--dry-run", "-o", target, "--precision", "fp32",
             *(["--ctx-len", str(ctx_len), "--guard-indices"] if ctx_len else []), *mode])
    return onnxruntime.InferenceSession(next(Path(target).glob("*.onnx")))


class Decoder:
    """A graph with its states, as a card keeps them."""

    def __init__(self, session, ctx_len):
        self.session, self.ctx_len, self.states = session, ctx_len, {}
        self.inputs = {i.name: i for i in session.get_inputs()}
        self.outputs = [o.name for o in session.get_outputs()]
        self.answer = self.outputs[0]
        rows = SLOTS if "batch_index" in self.inputs else 1
        for name, info in self.inputs.items():
            if name + "_RetainedState" not in self.outputs:
                continue
            kind = bool if info.type == "tensor(bool)" else np.float32
            shape = [ctx_len if d == "ctx_len" else d if isinstance(d, int) else rows for d in info.shape]
            self.states[name] = np.full(shape, True if kind is bool else 1e4, dtype=kind)

    def step(self, ids, position, columns, keep=1, draw=None):
        padding = columns - len(ids)
        row = np.array([list(ids) + [0] * padding], dtype=np.int64)
        values = {
            "input_ids": row,
            "position_ids": np.array([list(range(position, position + len(ids))) + [-1] * padding], dtype=np.int64),
            "batch_index": np.array([[SLOTS - 1]], dtype=np.int64),
            "num_logits_to_keep": np.zeros((keep, 1), dtype=np.int64),
            "comp_ctx_lengths": np.zeros(min(self.ctx_len, (position + len(ids) + 31) // 32 * 32), dtype=np.int64),
            "last_accepted_output_tokens": row,
            "repetition_penalties": np.ones((1, 1), np.float32),
            "presence_penalties": np.zeros((1, 1), np.float32),
            "temperatures": np.zeros((1, 1), np.float32),
            "top_ks": np.zeros((1, 1), np.int32),
            "top_ps": np.ones((1, 1), np.float32),
            "min_ps": np.zeros((1, 1), np.float32),
            "random_numbers": np.full((1, 512), 0.5, np.float32),
            **(draw or {}),
            **self.states,
        }
        results = dict(zip(self.outputs, self.session.run(self.outputs, {n: values[n] for n in self.inputs})))
        self.states = {name: results[name + "_RetainedState"] for name in self.states}
        return results[self.answer][0]

    def prefill(self, ids, draw=None):
        for first in range(0, len(ids), CHUNK):
            answer = self.step(ids[first:first + CHUNK], first, CHUNK, draw=draw)
        return answer


def drawn(logits, temperature, top_k, top_p, uniforms):
    """The definition: candidates from the best, the best one's uniform last; Gumbel-max."""
    order = np.argsort(-logits, kind="stable")[:top_k]
    scaled = (logits[order].astype(np.float64) - logits[order[0]]) / temperature
    weights = np.exp(scaled) / np.exp(scaled).sum()
    before = np.cumsum(weights) - weights
    score = scaled - np.log(-np.log(uniforms[::-1][:top_k].astype(np.float64)))
    return int(order[np.argmax(np.where(before < top_p, score, -np.inf))])


def check_draws(decoder, case, golden):
    numbers = np.random.default_rng(7)
    for _ in range(8):
        uniforms = numbers.uniform(0.001, 0.999, 512).astype(np.float32)
        answer = decoder.prefill(case["input_ids"], {
            "temperatures": np.full((1, 1), 0.8, np.float32),
            "top_ks": np.full((1, 1), 40, np.int32),
            "top_ps": np.full((1, 1), 0.9, np.float32),
            "random_numbers": uniforms[None],
        })
        expected = drawn(golden[-1], 0.8, 40, 0.9, uniforms)
        if int(answer[0][0]) != expected:
            raise ValueError(f"{case['name']}: drew {answer}, expected {expected}")


def check_decoder(decoder, mode, case, golden):
    """Largest difference of the prompt's last logits; greedy tokens are compared on the way."""
    sampler, ids, expected = decoder.answer == "next_tokens", case["input_ids"], case["continuation_ids"]
    answer, worst = decoder.prefill(ids), 0.0
    if sampler:
        check_draws(decoder, case, golden)
        answer = decoder.prefill(ids)
    else:
        worst = float(np.abs(answer[-1] - golden[-1]).max() / np.ptp(golden[-1]))
    made = []
    while len(made) < min(STEPS, len(expected)):
        made.append(int(answer[0][0]) if sampler else int(answer[-1].argmax()))
        position = len(ids) + len(made) - 1
        if position >= decoder.ctx_len:
            break
        answer = decoder.step([made[-1]], position, 1)
    if made != expected[:len(made)]:
        raise ValueError(f"{case['name']}: tokens {made}, expected {expected[:len(made)]}")
    if "num_logits_to_keep" in decoder.inputs and len(ids) + DRAFTED < decoder.ctx_len and len(expected) > DRAFTED + 1:
        kept = decoder.step(expected[:DRAFTED + 1], len(ids), DRAFTED + 1, keep=DRAFTED + 1)
        if [int(row.argmax()) for row in kept] != expected[1:DRAFTED + 2]:
            raise ValueError(f"{case['name']}: kept logits of proposals give other tokens")
    return worst


def check_decoders(tessera, model):
    ctx_len = json.loads((MODELS / model / "config.json").read_text()).get("max_position_embeddings", 256)
    worst = {}
    for name, mode in MODES.items():
        with tempfile.TemporaryDirectory() as folder:
            session = export(tessera, model, mode, folder, ctx_len)
            for case in json.loads((GOLDEN / model / "cases.json").read_text()):
                golden = load_file(GOLDEN / model / (case["name"] + ".safetensors"))["logits"]
                worst[name] = max(worst.get(name, 0.0), check_decoder(Decoder(session, ctx_len), name, case, golden))
    return worst


def pooled(mode, hidden):
    return {"mean": hidden.mean(0), "cls": hidden[0], "max": hidden.max(0)}[mode]


def check_encoder(session, case, golden, pooling):
    length, worst = len(case["input_ids"]), 0.0
    columns = (length + CHUNK - 1) // CHUNK * CHUNK

    def padded(values):
        return np.array([list(values) + [0] * (columns - length)], dtype=np.int64)

    values = {"input_ids": padded(case["input_ids"]), "attention_mask": padded([1] * length),
              "token_type_ids": padded(case["token_type_ids"])}
    outputs = [o.name for o in session.get_outputs()]
    results = dict(zip(outputs, session.run(outputs, {i.name: values[i.name] for i in session.get_inputs()})))
    for name, value in results.items():
        wanted = golden["last_hidden_state" if name == "output" else name]
        if name == "output" and pooling:
            wanted = pooled(pooling, wanted)
        value = value[0][:length] if wanted.ndim == 2 else value[0]
        worst = max(worst, float(np.abs(value - wanted).max() / np.ptp(wanted)))
    return worst


def check_encoders(tessera, model):
    worst = {}
    for pooling in ["", "mean", "cls", "max"] if model == "bert-tiny-embed" else [""]:
        with tempfile.TemporaryDirectory() as folder:
            words = ["--token-type-ids"] + (["--pooling", pooling] if pooling else [])
            session = export(tessera, model, words, folder, None)
            for case in json.loads((GOLDEN / model / "cases.json").read_text()):
                golden = load_file(GOLDEN / model / (case["name"] + ".safetensors"))
                name = pooling or "by token"
                worst[name] = max(worst.get(name, 0.0), check_encoder(session, case, golden, pooling))
    return worst


def main():
    tessera, *names = sys.argv[1:]
    failed = False
    for model in names or DECODERS + ENCODERS:
        for name, worst in (check_decoders if model in DECODERS else check_encoders)(tessera, model).items():
            failed |= not worst <= TOLERANCE
            text = "tokens equal" if name.endswith("sampler") else f"{worst:.1e} of the range"
            print(f"{model:20} {name:12} {text}{'' if worst <= TOLERANCE else '  BEYOND ' + str(TOLERANCE)}", flush=True)
    sys.exit(failed)


main()
