"""The AdamW curve of oracle_curves.py in bf16 autocast, once for every layout of the batch and every attention."""

import functools

import common
from oracle_curves import LAYOUTS, RUNS, inputs, train

ATTENTIONS = ["eager", "sdpa"]


def make():
    import torch

    pairs, pad = inputs()
    run = RUNS["adamw"]
    autocast = functools.partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    curves = {}
    for name, (logps, size) in LAYOUTS.items():
        for attention in ATTENTIONS:
            print(name, attention, flush=True)
            model = common.load_model(attention=attention)
            curves[f"{name}_{attention}"] = train(model, pairs, run, pad, logps, size, autocast)
    return {
        "made_with": {"torch": torch.__version__},
        "data": "tests/fixtures/pairs.jsonl",
        "settings": run,
        "curves": curves,
    }
