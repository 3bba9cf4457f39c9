"""Small tokenizers of every kind that GGUF names, and what the tokenizers library makes of texts with them.

All byte-level ones share one model, trained on text that is cut nowhere, so that every pre-tokenizer shows in the ids.
"""

import json

import common

VOCAB = 700

TEXTS = [
    "def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n",
    "for i in range(1234567):\n\tprint(i, 3.14159, 0xFF, 1_000)\r\n\r\n",
    "I'll say we don't; THEY'RE here, IT'S Ok, she'd've",
    "  leading, trailing  \n \n\n   and   runs\t\t of   spaces   ",
    "naïve café, Ünïcödé, e\u0301 is two, ﬁ, Ångström",
    "数独を解く 12 个数字 한국어 ٣٤ ² ½ Ⅷ",
    "camelCaseWords HTTPServer snake_case __init__ x+=1;y-=2;//z",
    "🙂👍🏽 emoji \u00a0\u2003wide\u0085next\ufeffbom",
    "<s> and </s> are text, as is <unk>; \\n stays",
    " x",
    "",
    "a",
]

NFC = {"type": "NFC"}
DIGITS = {"type": "Digits", "individual_digits": True}


def byte_level(use_regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": use_regex}


def split(pattern):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def byte_level_kinds():
    """llama.cpp's name -> normalizer, pre_tokenizer, ignore_merges, as the models' own tokenizer.json have them."""
    from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS as SPLITS

    def by_pattern(name):
        return sequence(split(SPLITS[name]), byte_level(False))

    coder = [split(p) for p in ("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+")]
    return {
        "gpt-2": (None, byte_level(True), False),
        "smollm": (None, sequence(DIGITS, byte_level(True)), False),
        "olmo": (NFC, byte_level(True), False),
        "llama-bpe": (None, by_pattern("llama-bpe"), True),
        "dbrx": (None, by_pattern("dbrx"), False),
        "qwen2": (NFC, by_pattern("qwen2"), False),
        "deepseek-coder": (
            {"type": "Sequence", "normalizers": []},
            sequence(*coder, DIGITS, byte_level(False)),
            False,
        ),
        "tekken": (None, by_pattern("tekken"), True),
        "gpt-4o": (None, by_pattern("gpt-4o"), False),
    }


PREPEND = {"type": "Prepend", "prepend": "▁"}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
# Name -> normalizer, pre_tokenizer, tokens that are texts of their own.
SENTENCEPIECE = {
    "llama": ({"type": "Sequence", "normalizers": [PREPEND, REPLACE]}, None, []),
    "gemma": (
        REPLACE,
        {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        ["\n\n", "\n\n\n", "▁▁", "▁▁▁▁"],
    ),
    "mistral-v3": (
        None,
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False},
        [],
    ),
}


def corpus():
    return TEXTS + [pair[side] for pair in common.load_pairs() for side in ("prompt", "chosen", "rejected")]


def byte_level_model():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    lines = [line + "\n" for text in corpus() for line in text.split("\n")]
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=VOCAB, initial_alphabet=alphabet, show_progress=False))
    return json.loads(tokenizer.to_str())["model"]


def sentencepiece_model(own):
    """A vocabulary in SentencePiece's order: unknown, BOS, EOS, texts of their own, bytes, merged pieces, characters."""
    from tokenizers import Tokenizer, models, trainers
    from transformers.tokenization_utils_base import generate_merges

    tokenizer = Tokenizer(models.BPE())
    words = [word for text in corpus() for word in text.replace(" ", " ▁").split(" ") if len(word) < 40]
    tokenizer.train_from_iterator(words, trainers.BpeTrainer(vocab_size=VOCAB, limit_alphabet=80, show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    made = list(dict.fromkeys("".join(merge) for merge in merges))
    characters = sorted(token for token in model["vocab"] if len(token) == 1)
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = list(dict.fromkeys(["<unk>", "<s>", "</s>", *own, *byte_tokens, *made, *characters]))
    vocab = {token: i for i, token in enumerate(tokens)}
    if own:
        # Gemma's merges follow the order of its tokens, texts of their own among them.
        merges = generate_merges(vocab, {t: -i for t, i in vocab.items()}, ["<unk>", "<s>", "</s>", *byte_tokens])
    return {"vocab": vocab, "merges": merges}


def tokenizer_json(model, normalizer, pre_tokenizer, added):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": None,
        "model": {"type": "BPE", "dropout": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, **model},
    }


def added(content, i, special):
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
    return {"id": i, "content": content, **flags, "special": special}


def encoded(spec):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(json.dumps(spec))
    tokenizer.encode_special_tokens = True
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]


def make():
    shared = byte_level_model()
    shared = {"vocab": shared["vocab"], "merges": shared["merges"]}
    eos = len(shared["vocab"])
    kinds = {}
    for name, (normalizer, pre_tokenizer, ignore_merges) in byte_level_kinds().items():
        flags = dict(unk_token=None, fuse_unk=False, byte_fallback=False, ignore_merges=ignore_merges)
        spec = tokenizer_json({**flags, **shared}, normalizer, pre_tokenizer, [added("<|end|>", eos, True)])
        ids = encoded(spec)
        del spec["model"]["vocab"], spec["model"]["merges"]
        kinds[name] = {"json": spec, "ids": ids}
    pieces = {}
    for name, (normalizer, pre_tokenizer, own) in SENTENCEPIECE.items():
        model = sentencepiece_model(own)
        flags = dict(unk_token="<unk>", fuse_unk=True, byte_fallback=True, ignore_merges=False)
        tokens = [added(token, i, True) for i, token in enumerate(["<unk>", "<s>", "</s>"])]
        tokens += [added(token, model["vocab"][token], False) for token in own]
        spec = tokenizer_json({**flags, **model}, normalizer, pre_tokenizer, tokens)
        pieces[name] = {"json": spec, "ids": encoded(spec)}
    return {"texts": TEXTS, "byte_level_model": shared, "byte_level": kinds, "sentencepiece": pieces}
