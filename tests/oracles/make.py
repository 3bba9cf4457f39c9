"""Makes, or checks, the goldens in tests/fixtures/oracles with PyTorch and transformers.

    python3 -m venv .venv-oracles
    .venv-oracles/bin/pip install -r requirements-oracles.txt
    .venv-oracles/bin/python tests/oracles/make.py [--check] [tensors blocks tokens logits greedy logps training curves curves_bf16 lora losses optimizers export families guide_family
    gguf_names gguf_tokens gguf_models peft datasets statistics dawid_skene published]

Without names: all. With --check nothing is written; the exit code is 1 when a golden differs from what is computed.
"""

import argparse
import importlib
import json
import sys

import common

# Name -> tolerances (relative, absolute) of --check: another processor or PyTorch rounds differently.
ORACLES = {
    "tensors": (0, 0),
    "blocks": (0, 0),
    "tokens": (0, 0),
    "logits": (1e-4, 1e-3),
    "greedy": (1e-4, 2e-3),
    "logps": (1e-4, 1e-3),
    "training": (5e-4, 5e-4),
    "curves": (5e-4, 5e-4),
    # Rounding to bf16 differs between processors as it does between layouts; gradient norms reach 20.
    "curves_bf16": (0.1, 0.1),
    "lora": (5e-4, 5e-4),
    "losses": (1e-5, 1e-6),
    "optimizers": (1e-6, 1e-7),
    "export": (1e-4, 1e-5),
    "families": (1e-4, 1e-4),
    "guide_family": (1e-4, 1e-4),
    "datasets": (0, 0),
    "dawid_skene": (1e-7, 1e-7),
    "gguf_names": (0, 0),
    "gguf_tokens": (0, 0),
    "gguf_models": (0, 0),
    "peft": (1e-4, 1e-4),
    "statistics": (1e-6, 1e-8),
    "published": (1e-3, 1e-4),
}
# Computed without a model.
WITHOUT_MODEL = {
    "blocks",
    "losses",
    "optimizers",
    "export",
    "families",
    "guide_family",
    "datasets",
    "dawid_skene",
    "gguf_names",
    "gguf_tokens",
    "gguf_models",
    "peft",
    "statistics",
    "published",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *ORACLES], default=[])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if set(options.names or ORACLES) - WITHOUT_MODEL:
        common.export_model()
    failed = False
    for name in options.names or ORACLES:
        golden = importlib.import_module(f"oracle_{name}").make()
        path = common.GOLDENS / f"{name}.json"
        if options.check:
            old = json.loads(path.read_text(encoding="utf-8"))
            found = list(common.differences(old, json.loads(json.dumps(golden)), *ORACLES[name]))
            failed |= bool(found)
            print(f"{name}: {len(found)} differences")
            print("\n".join(found[:10]))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(golden) + "\n", encoding="utf-8")
            print(f"{name}: {path.stat().st_size} bytes")
    sys.exit(1 if failed else 0)


def render(value, depth=0):
    """JSON with one line per leaf list, so that a changed golden shows where it changed."""
    pad = " " * (depth + 1)
    if isinstance(value, dict) and value:
        items = [f"{pad}{json.dumps(k)}: {render(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * depth + "}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        items = [pad + render(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * depth + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
