"""Writes the cases of this folder and what transformers says of them. Run by hand, in this folder:

    pip install transformers==5.24.0 tokenizers==0.23.3 sentencepiece protobuf
    python make.py TEXT        # TEXT: some 100 KB of English to train the SentencePiece models on (our docs/*.md)

A case is NAME.json (the vocabulary's folder, and the JSON files beside it) and NAME.jsonl (a line a text).
With --keep the vocabularies stay as they are.
"""
import json
import os
import shutil
import sys
import tempfile

import sentencepiece
from transformers import AutoTokenizer

TEXTS = [
    "", " ", "  two  spaces ", "Hello world", " leading", "trailing ", "it's we'll I'M", "a\nb\r\n\tc\n\n", "▁mark ▁▁ marks",
    "café naïve Ünïcödé", "e\u0301 combining", "ＡＢＣ ｆｕｌｌ", "ﬁne ²³ ½", "中文字符 mixed", "русский текст", "😀👍🏽 emoji",
    "123 4567 3.14", "x=y+z; f(a,b)[0] {}", "<s> inside </s>", "<unk>", "a<pad>b <mask> c", "[CLS] a [SEP] [MASK]", "<|endoftext|>x",
    "<tool> call <tool>", "[INST] do [/INST]", "<extra> word<extra>", "The tokenizer loads the model folder and reads weights.",
    "unbelievably-long_words.and.dots", "\u00a0nbsp\u2003em\u3000wide", "\u200bzero\ufeffwidth", "ÀÉÎ ıİ ß", "tab\tend\t",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "<0x41> <0xE2>", ["first text", "second text"], ["", "only second"],
]

SPECIAL = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


def decoder(tokens, **flags):
    return {str(i): {"content": text, **SPECIAL, **flags} for i, text in tokens.items()}


GPT2, BERT, LLAMA = {"model_type": "gpt2"}, {"model_type": "bert"}, {"model_type": "llama"}
LLAMA_CLASS = {"tokenizer_class": "LlamaTokenizer"}
CASES = {
    "gpt2": ("gpt2", {"config.json": GPT2}),
    "gpt2-config": ("gpt2", {"config.json": GPT2, "tokenizer_config.json": {
        "tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True, "add_bos_token": True, "add_eos_token": True,
        "pad_token": "<pad>", "bos_token": {"__type": "AddedToken", "content": "<s>", "lstrip": True, "normalized": True}}}),
    "gpt2-legacy-files": ("gpt2", {"config.json": GPT2, "tokenizer_config.json": {"tokenizer_class": "GPT2TokenizerFast"},
        "special_tokens_map.json": {"pad_token": "<pad>", "additional_special_tokens": ["<extra>", "[INST]"],
            "mask_token": {"content": "<mask>", "lstrip": True, "rstrip": False, "normalized": True, "single_word": False}},
        "added_tokens.json": {"<tool>": 769, "<pad>": 768, "world": 770}}),
    "roberta": ("gpt2", {"config.json": {"model_type": "roberta"}, "tokenizer_config.json": {"mask_token": {
        "__type": "AddedToken", "content": "<mask>", "lstrip": True}}}),
    "bert": ("bert", {"config.json": BERT}),
    "bert-cased": ("bert", {"config.json": BERT, "tokenizer_config.json": {
        "tokenizer_class": "BertTokenizer", "do_lower_case": False, "tokenize_chinese_chars": False, "mask_token": "<mask>"}}),
    "distilbert": ("bert", {"config.json": {"model_type": "distilbert"}, "tokenizer_config.json": {
        "tokenizer_class": "DistilBertTokenizer", "strip_accents": False,
        "added_tokens_decoder": decoder({0: "[PAD]", 10: "[UNK]", 11: "[CLS]", 12: "[SEP]", 13: "[MASK]", 1500: "<tool>"})}}),
    "llama": ("bpe", {"config.json": LLAMA, "tokenizer_config.json": {
        **LLAMA_CLASS, "add_bos_token": True, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}}),
    "llama-legacy": ("bpe", {"config.json": LLAMA, "tokenizer_config.json": {**LLAMA_CLASS, "legacy": True}}),
    "llama-no-prefix": ("bpe", {"config.json": LLAMA, "tokenizer_config.json": {
        **LLAMA_CLASS, "add_prefix_space": False, "add_eos_token": True}}),
    "llama-extra": ("user-bpe", {"config.json": LLAMA, "tokenizer_config.json": {
        **LLAMA_CLASS, "pad_token": "<pad>", "additional_special_tokens": ["<extra>"], "add_bos_token": True}}),
    "llama-user": ("user-bpe", {"config.json": LLAMA, "tokenizer_config.json": LLAMA_CLASS}),
    "llama-decoder": ("bpe", {"config.json": LLAMA, "tokenizer_config.json": {
        **LLAMA_CLASS, "added_tokens_decoder": {**decoder({0: "<unk>", 1: "<s>", 2: "</s>"}, normalized=True),
            **decoder({400: "<tool>"}, special=False, normalized=True), **decoder({390: "<extra>"}, lstrip=True)}}}),
    "llama-unigram": ("unigram", {"config.json": LLAMA, "tokenizer_config.json": LLAMA_CLASS}),
    "bpe": ("bpe", {"config.json": LLAMA}),
    "unigram": ("unigram", {"config.json": LLAMA}),
    "mistral": ("bpe", {"config.json": {"model_type": "mistral"}, "tokenizer_config.json": {
        **LLAMA_CLASS, "add_bos_token": True, "legacy": False, "pad_token": None, "bos_token": "<s>"}}),
    "user-bpe": ("user-bpe", {"config.json": LLAMA}),
    "user-unigram": ("user-unigram", {"config.json": LLAMA}),
    "user-renamed": ("user-bpe", {"config.json": LLAMA, "tokenizer_config.json": {
        "added_tokens_decoder": decoder({1: "<s>", 4: "<extra>", 5: "<mask>", 700: "<pad>"}, normalized=True)}}),
    "no-dummy-prefix": ("plain-bpe", {"config.json": LLAMA}),
}


def train(text):
    common = dict(input=text, character_coverage=0.98, max_sentence_length=20000, hard_vocab_limit=False)
    with open("rules.tsv", "w") as rules:
        rules.write("FF21\t41\nFF22\t42\nFB01\t66 69\nA0\t20\n3000\t20\n")
    as_is = dict(normalization_rule_name="identity", remove_extra_whitespaces=False)
    user = dict(user_defined_symbols=["<tool>", "▁▁▁", "to.ken(s)"], control_symbols=["[INST]"],
                normalization_rule_tsv="rules.tsv")
    for name, kind, options in [
            ("bpe", "bpe", dict(as_is, byte_fallback=True, split_digits=True, allow_whitespace_only_pieces=True, vocab_size=450)),
            ("unigram", "unigram", dict(as_is, byte_fallback=True, split_digits=True, vocab_size=420)),
            ("user-bpe", "bpe", dict(user, byte_fallback=True, vocab_size=450)),
            ("user-unigram", "unigram", dict(user, vocab_size=250)),
            ("plain-bpe", "bpe", dict(as_is, add_dummy_prefix=False, vocab_size=250))]:
        os.makedirs(name, exist_ok=True)
        sentencepiece.SentencePieceTrainer.train(model_prefix=f"{name}/tokenizer", model_type=kind, **common, **options)
        os.remove(f"{name}/tokenizer.vocab")
    os.remove("rules.tsv")


def line(tokenizer, text):
    pair = text if isinstance(text, list) else [text]
    encoding = tokenizer.backend_tokenizer.encode(*pair)
    plain = tokenizer.backend_tokenizer.encode(*pair, add_special_tokens=False)
    backend = tokenizer.backend_tokenizer
    return {"text": text, "ids": encoding.ids, "ids_plain": plain.ids, "tokens": encoding.tokens,
            "offsets": encoding.offsets, "type_ids": encoding.type_ids,
            "decoded": backend.decode(encoding.ids), "decoded_full": backend.decode(encoding.ids, skip_special_tokens=False)}


def main():
    if "--keep" not in sys.argv:
        train(sys.argv[1])
    for name, (vocabulary, files) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            for file in os.listdir(vocabulary):
                shutil.copyfile(f"{vocabulary}/{file}", f"{folder}/{file}")
            for file, value in files.items():
                with open(f"{folder}/{file}", "w") as out:
                    json.dump(value, out)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            print(name, type(tokenizer).__name__, len(tokenizer))
        with open(f"{name}.json", "w") as out:
            json.dump({"vocabulary": vocabulary, "files": files}, out, indent=1)
            out.write("\n")
        with open(f"{name}.jsonl", "w") as out:
            for text in TEXTS:
                json.dump(line(tokenizer, text), out, separators=(",", ":"), ensure_ascii=True)
                out.write("\n")


main()
