"""What the oracles share: the model and its tokenizer, the pairs, and how goldens are compared."""

import json
import math
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
GOLDENS = FIXTURES / "oracles"
MODEL = ROOT / ".cache" / "oracles" / "smollm2"


def deno():
    """The deno program."""
    program = os.environ.get("DENO") or shutil.which("deno")
    if program is None:
        raise SystemExit("deno is not on the PATH: set DENO to the program.")
    return program


def export_model():
    """Writes SmolLM2 as a Hugging Face folder with the project's own code."""
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    script = ROOT / "tests" / "oracles" / "export_smollm2.ts"
    subprocess.run([deno(), "run", "-A", str(script), str(MODEL)], check=True, cwd=ROOT)


def load_tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)


def load_model(dtype=None, attention="eager"):
    """SmolLM2 in fp32 (or `dtype`); "eager" is the attention that spells out softmax(QK^T)V."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(
        MODEL, dtype=dtype or torch.float32, attn_implementation=attention
    ).eval()


def encode(tokenizer, text):
    """Ids of plain text: nothing added, names of special tokens are text."""
    return tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids


def plain(tokenizer):
    """Makes `encode` take names of special tokens as text."""
    tokenizer.backend_tokenizer.encode_special_tokens = True
    return tokenizer


def load_pairs():
    with open(FIXTURES / "pairs.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tokenize_pair(tokenizer, pair):
    """As the reference (tokenize_batch_element): texts apart, EOS after each response; nothing is truncated."""
    prompt = encode(tokenizer, pair["prompt"])
    out = {}
    for side in ("chosen", "rejected"):
        response = encode(tokenizer, pair[side])
        assert tokenizer.eos_token_id not in response
        out[side] = {"ids": prompt + response + [tokenizer.eos_token_id], "start": len(prompt)}
    return out


def number(value, digits=8):
    """A float with as many digits as fp32 has."""
    return float(f"{float(value):.{digits}g}")


def differences(old, new, relative, absolute, at="$"):
    """Where two goldens differ: numbers beyond the tolerance, everything else exactly."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            if key not in old or key not in new:
                yield f"{at}.{key}: only in the {'old' if key in old else 'new'} golden"
            elif key not in ("made_with",):
                yield from differences(old[key], new[key], relative, absolute, f"{at}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{at}: {len(old)} against {len(new)} items"
        else:
            for i, pair in enumerate(zip(old, new)):
                yield from differences(*pair, relative, absolute, f"{at}[{i}]")
    elif isinstance(old, float) or isinstance(new, float):
        if not math.isclose(old, new, rel_tol=relative, abs_tol=absolute):
            yield f"{at}: {old} against {new}"
    elif old != new:
        yield f"{at}: {old!r} against {new!r}"
