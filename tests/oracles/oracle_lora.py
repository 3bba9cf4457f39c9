"""Three optimiser steps of DPO with LoRA on SmolLM2 in fp32: y = x W^T + (alpha / r) (x A^T) B^T (Hu et al. 2021,
arXiv:2106.09685) on every linear layer, spelled out with torch modules, with PEFT's tensor names.

A and B start from a formula and not from zero, so that both sides start equal and every adapter has a gradient;
the reference is the base without adapters. Data, losses and settings are those of oracle_training.
"""

import common
import oracle_training

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

LORA = {"r": 4, "alpha": 8, "dropout": 0, "targets": TARGETS}

RUN = {"lr": 1e-4}

# Adapters whose gradient norm is kept at the first step (before clipping).
NAMED = [
    f"base_model.model.model.layers.{layer}.{module}.lora_{which}.weight"
    for layer, module in [
        (0, "self_attn.q_proj"),
        (0, "self_attn.k_proj"),
        (7, "self_attn.v_proj"),
        (14, "self_attn.o_proj"),
        (21, "mlp.gate_proj"),
        (29, "mlp.up_proj"),
        (29, "mlp.down_proj"),
    ]
    for which in "AB"
]


def initial(rows, columns, scale):
    """scale * sin(1 + i) for the i-th element, row by row; sine in double precision, rounded to fp32."""
    import torch

    values = scale * torch.sin(1 + torch.arange(rows * columns, dtype=torch.float64))
    return torch.nn.Parameter(values.float().reshape(rows, columns))


def add_adapters(model):
    """Freezes the model and puts adapters on its linear layers; returns them by PEFT's names."""
    import torch

    class Adapted(torch.nn.Module):
        def __init__(self, base):
            super().__init__()
            self.base = base
            self.lora_A = initial(LORA["r"], base.in_features, 0.02)
            self.lora_B = initial(base.out_features, LORA["r"], 0.01)

        def forward(self, x):
            return self.base(x) + (x @ self.lora_A.T) @ self.lora_B.T * (LORA["alpha"] / LORA["r"])

    model.requires_grad_(False)
    adapters = {}
    for name, module in list(model.named_modules()):
        if name.split(".")[-1] not in TARGETS:
            continue
        parent, child = name.rsplit(".", 1)
        adapted = Adapted(module)
        setattr(model.get_submodule(parent), child, adapted)
        adapters[f"base_model.model.{name}.lora_A.weight"] = adapted.lora_A
        adapters[f"base_model.model.{name}.lora_B.weight"] = adapted.lora_B
    return adapters


def make():
    import torch

    tokenizer = common.plain(common.load_tokenizer())
    pad = tokenizer.pad_token_id
    pairs = [common.tokenize_pair(tokenizer, pair) for pair in common.load_pairs()]
    model = common.load_model()
    with torch.no_grad():
        reference = [
            oracle_training.batch_logps(model, [p["chosen"], p["rejected"]], pad) for p in pairs[:8]
        ]
    run = {**oracle_training.DEFAULTS, **RUN}
    trained = oracle_training.train(model, pairs, reference, run, pad, add_adapters(model), NAMED)
    return {
        "made_with": {"torch": torch.__version__},
        "data": "tests/fixtures/pairs.jsonl",
        "lora": LORA,
        "initial": {"lora_A": 0.02, "lora_B": 0.01},
        **trained,
    }
