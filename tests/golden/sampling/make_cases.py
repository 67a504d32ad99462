"""Writes cases.json: rows of logits and what Hugging Face's own processors and warpers make of them, in the order
in which generate() builds them itself. Needs torch and transformers; nothing else needs this script.

    python tests/golden/sampling/make_cases.py
"""
import json
import pathlib
import random
from types import SimpleNamespace

import torch
import transformers
from transformers import GenerationConfig, GenerationMixin


class Generator(GenerationMixin):
    """As much of a model as the making of the processors looks at."""

    config = SimpleNamespace(is_encoder_decoder=False)


def warped(case):
    """The scores after the processors that generate() builds for these parameters, in its order."""
    p = case["params"]
    config = GenerationConfig(
        do_sample=True, temperature=p["temperature"], top_k=p.get("top_k", 0), top_p=p.get("top_p", 1.0),
        min_p=p.get("min_p"), typical_p=p.get("typical_p", 1.0), repetition_penalty=p.get("repetition_penalty", 1.0),
        no_repeat_ngram_size=p.get("no_repeat_ngram_size", 0), min_new_tokens=p.get("min_tokens"),
        sequence_bias=[[[token], bias] for token, bias in p["logit_bias"]] if "logit_bias" in p else None)
    config._eos_token_tensor = torch.tensor(case["end_tokens"])
    processors = Generator()._get_logits_processor(config, input_ids_seq_length=len(case["prompt"]))
    ids = torch.tensor([case["prompt"] + case["generated"]])
    scores = processors(ids, torch.tensor([case["logits"]], dtype=torch.float32))[0]
    return [None if s == float("-inf") else s for s in scores.tolist()]


def row(rng, vocabulary, spread, step):
    """Multiples of `step`: short in JSON, exact in float, with ties."""
    return [round(rng.gauss(0, spread) / step) * step for _ in range(vocabulary)]


def cases():
    rng = random.Random(7)
    text = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7]

    def case(name, logits, prompt=text[:20], generated=text[20:], end_tokens=(0, 11), **params):
        params.setdefault("temperature", 1)
        return {"name": name, "logits": logits, "prompt": list(prompt), "generated": list(generated),
                "end_tokens": list(end_tokens), "params": params}

    peaked = row(rng, 64, 3, 1 / 16)
    coarse = row(rng, 64, 1.5, 1 / 2)  # many ties
    wide = row(rng, 300, 2, 1 / 32)
    flat = [0.0] * 10
    for name, logits in [("peaked", peaked), ("coarse", coarse), ("wide", wide)]:
        yield case(f"plain_{name}", logits)
        for t in [0.1, 0.7, 1.5]:
            yield case(f"temperature_{t}_{name}", logits, temperature=t)
        for k in [1, 2, 5, 40, 5000]:
            yield case(f"top_k_{k}_{name}", logits, top_k=k)
        for p in [0.0, 0.1, 0.5, 0.9, 0.99]:
            yield case(f"top_p_{p}_{name}", logits, top_p=p)
        for p in [0.01, 0.1, 0.5, 1.0]:
            yield case(f"min_p_{p}_{name}", logits, min_p=p)
        for p in [0.05, 0.2, 0.5, 0.9, 0.99]:
            yield case(f"typical_p_{p}_{name}", logits, typical_p=p)
        for penalty in [0.5, 1.1, 2.0]:
            yield case(f"repetition_penalty_{penalty}_{name}", logits, repetition_penalty=penalty)
        for n in [1, 2, 3, 4]:
            yield case(f"no_repeat_ngram_size_{n}_{name}", logits, no_repeat_ngram_size=n)
        yield case(f"min_tokens_reached_{name}", logits, min_tokens=10)
        yield case(f"min_tokens_not_reached_{name}", logits, min_tokens=11)
        yield case(f"logit_bias_{name}", logits, logit_bias=[[2, -3.5], [33, 8.0]])
        yield case(f"all_{name}", logits, temperature=0.8, top_k=50, top_p=0.95, min_p=0.02, typical_p=0.9,
                   repetition_penalty=1.2, no_repeat_ngram_size=2, min_tokens=11, logit_bias=[[2, 1.5], [7, 2.0]])
        yield case(f"filters_{name}", logits, temperature=1.3, top_k=40, top_p=0.8, min_p=0.1, typical_p=0.7)
        yield case(f"bias_before_penalty_{name}", logits, repetition_penalty=1.5,
                   logit_bias=[[3, 4.0], [8, -4.0]])
    for p in [0.1, 0.3, 0.45, 0.5, 0.9]:
        if p in [0.45, 0.9]:  # at the others the rounding of torch's cumsum decides
            yield case(f"top_p_{p}_of_equals", flat, prompt=[1, 2], generated=[], top_p=p)
        yield case(f"typical_p_{p}_of_equals", flat, prompt=[1, 2], generated=[], typical_p=p)
    yield case("top_k_of_equals", flat, prompt=[1, 2], generated=[], top_k=3)
    yield case("ngram_longer_than_the_text", peaked, prompt=[1, 2], generated=[], no_repeat_ngram_size=3)


def main():
    made = list(cases())
    for case in made:
        case["scores"] = warped(case)
    # One row serves many cases.
    rows = []
    for case in made:
        if case["logits"] not in rows:
            rows.append(case["logits"])
        case["logits"] = rows.index(case["logits"])
    out = pathlib.Path(__file__).with_name("cases.json")
    made_with = f"torch {torch.__version__}, transformers {transformers.__version__}"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in made)
    out.write_text(f'{{"made_with":"{made_with}",\n"rows":{json.dumps(rows, separators=(",", ":"))},\n'
                   f'"cases":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
