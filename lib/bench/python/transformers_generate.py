"""Generates with transformers on a CPU as `deno task bench sample` asks; a line of JSON per batch size on stdout.

Usage: transformers_generate.py SETTINGS.json

The lines: {"batch": n, "seconds": s, "tokens": n}, the prompts' reading included.
"""

import json
import os
import sys
import time

settings = json.load(open(sys.argv[1]))
# Before torch is imported: OpenMP reads it then.
os.environ["OMP_NUM_THREADS"] = str(settings["threads"])

import torch  # noqa: E402
from transformers import AutoModelForCausalLM  # noqa: E402

torch.set_num_threads(settings["threads"])
told, sys.stdout = sys.stdout, sys.stderr
dtype = torch.bfloat16 if settings["precision"] == "bf16" else torch.float32
model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=dtype).eval()


def generate(ids, count):
    with torch.no_grad():
        return model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
        )


for batch in settings["batches"]:
    ids = torch.tensor(settings["prompts"][:batch])
    generate(ids, 2)
    start = time.perf_counter()
    out = generate(ids, settings["new_tokens"])
    seconds = time.perf_counter() - start
    tokens = (out.shape[1] - ids.shape[1]) * batch
    print(json.dumps({"batch": batch, "seconds": seconds, "tokens": tokens}), file=told, flush=True)
