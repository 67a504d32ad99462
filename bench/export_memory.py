#!/usr/bin/env python3
"""Peak memory and time of writing a sharded bfloat16 checkpoint for Cloud AI 100.

usage: export_memory.py TESSERA WORK_FOLDER [GIGABYTES [RUNS]]

Makes a Llama checkpoint of that size (default 4) in shards of 1 GB in WORK_FOLDER, runs
`tessera compile --backend qaic --dry-run` on it, which converts every weight to float16, and copies what that
wrote as a plain program would. Prints the largest anonymous memory of the process (RssAnon, sampled), both
times, wall clock and processor, and the ratio of the wall clocks, which means little on a machine that does
other work: a copy waits for the disk, a conversion for the processor. Everything it made is removed.
"""
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import time

HIDDEN, INTER, HEADS, KV_HEADS, VOCAB = 2048, 5632, 32, 4, 32000


def tensors(layers):
    kv = HIDDEN // HEADS * KV_HEADS
    yield "model.embed_tokens.weight", (VOCAB, HIDDEN)
    for i in range(layers):
        p = f"model.layers.{i}."
        yield p + "input_layernorm.weight", (HIDDEN,)
        yield p + "self_attn.q_proj.weight", (HIDDEN, HIDDEN)
        yield p + "self_attn.k_proj.weight", (kv, HIDDEN)
        yield p + "self_attn.v_proj.weight", (kv, HIDDEN)
        yield p + "self_attn.o_proj.weight", (HIDDEN, HIDDEN)
        yield p + "post_attention_layernorm.weight", (HIDDEN,)
        yield p + "mlp.gate_proj.weight", (INTER, HIDDEN)
        yield p + "mlp.up_proj.weight", (INTER, HIDDEN)
        yield p + "mlp.down_proj.weight", (HIDDEN, INTER)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCAB, HIDDEN)


def size(shape):
    count = 2
    for dim in shape:
        count *= dim
    return count


def write_checkpoint(folder, gigabytes):
    layer = sum(size(s) for n, s in tensors(1) if ".layers." in n)
    layers = max(1, round(gigabytes * 1e9 / layer))
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": HIDDEN,
        "intermediate_size": INTER, "num_hidden_layers": layers, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "vocab_size": VOCAB, "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5, "torch_dtype": "bfloat16", "hidden_act": "silu", "rope_theta": 10000.0,
        "bos_token_id": 1, "eos_token_id": 2, "tie_word_embeddings": False,
    }
    shards, filled = [[]], 0
    for name, shape in tensors(layers):
        if filled + size(shape) > 1e9:
            shards.append([])
            filled = 0
        shards[-1].append((name, shape))
        filled += size(shape)
    # bfloat16 values around 1, of either sign.
    block = b"".join(struct.pack("<H", (0x3F80 + i * 37 % 128) | (i % 2 << 15)) for i in range(1 << 19))
    os.makedirs(folder)
    json.dump(config, open(f"{folder}/config.json", "w"))
    weight_map, total = {}, 0
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        header, offset = {}, 0
        for name, shape in shard:
            header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size(shape)]}
            weight_map[name] = file
            offset += size(shape)
        text = json.dumps(header).encode()
        with open(f"{folder}/{file}", "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for at in range(0, offset, len(block)):
                out.write(block[: min(len(block), offset - at)])
        total += offset
    json.dump({"metadata": {"total_size": total}, "weight_map": weight_map},
              open(f"{folder}/model.safetensors.index.json", "w"))


def anonymous_kb(pid):
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def export(tessera, model, out):
    start = time.monotonic()
    process = subprocess.Popen([tessera, "compile", model, "--backend", "qaic", "--dry-run", "-o", out, "-q"],
                               stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, anonymous_kb(process.pid))
        time.sleep(0.005)
    if process.returncode != 0:
        sys.exit(f"tessera failed with {process.returncode}")
    return time.monotonic() - start, peak


def main():
    tessera, work = sys.argv[1], sys.argv[2]
    gigabytes = float(sys.argv[3]) if len(sys.argv) > 3 else 4
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    model, out, copy = (f"{work}/{name}" for name in ("model", "out", "copy"))
    try:
        write_checkpoint(model, gigabytes)
        for run in range(runs):
            before = processor_seconds()
            seconds, peak = export(tessera, model, out)
            written = sum(os.path.getsize(f"{out}/{name}") for name in os.listdir(out))
            own = processor_seconds() - before
            start = time.monotonic()
            subprocess.run(["cp", "-r", "--reflink=never", out, copy], check=True)
            plain = time.monotonic() - start
            plain_own = processor_seconds() - before - own
            shutil.rmtree(out)
            shutil.rmtree(copy)
            print(f"run {run}: {written / 1e9:.2f} GB written in {seconds:.1f} s (processor {own:.1f} s), "
                  f"peak RssAnon {peak / 1e3:.0f} MB; plain copy {plain:.1f} s (processor {plain_own:.1f} s), "
                  f"ratio {seconds / plain:.2f}", flush=True)
    finally:
        for folder in (model, out, copy):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
