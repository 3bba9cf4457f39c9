"""A few optimiser steps of SFT and DPO on SmolLM2 with the reference's formulas (trainers.py and
preference_datasets.py of eric-mitchell/direct-preference-optimization), full fine-tuning in fp32, no dropout.

The policy starts as the reference model and every run starts afresh. Step 1 learns pairs 0 … 3 of
tests/fixtures/pairs.jsonl, step 2 pairs 4 … 7, step 3 pairs 0 … 3 again, which shows how far the loss moved.
"""

import common

BATCH_SIZE = 4

# Index of the first pair of each step.
STARTS = [0, 4, 0]

RMSPROP = {"name": "RMSprop", "alpha": 0.99, "eps": 1e-8}
ADAMW = {"name": "AdamW", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01}

DEFAULTS = {
    "loss": "dpo",
    "beta": 0.1,
    "label_smoothing": 0.0,
    "reference_free": False,
    "optimizer": RMSPROP,
    "lr": 2e-6,
    "warmup_steps": 0,
    "max_grad_norm": 10.0,
    "batch_size": BATCH_SIZE,
    "gradient_accumulation_steps": 1,
    "steps": 3,
}

RUNS = {
    "sft": {"loss": "sft"},
    "dpo": {},
    "dpo_adamw": {"optimizer": ADAMW, "lr": 1e-5},
    "dpo_accumulation_warmup": {"gradient_accumulation_steps": 2, "warmup_steps": 2},
    "dpo_label_smoothing": {"label_smoothing": 0.1, "steps": 2},
    "dpo_reference_free": {"reference_free": True, "steps": 2},
    "ipo": {"loss": "ipo", "steps": 2},
}

# Tensors whose gradient norm is kept at the first step (before clipping).
NAMED = [
    "model.embed_tokens.weight",
    "model.layers.0.input_layernorm.weight",
    "model.layers.0.self_attn.q_proj.weight",
    "model.layers.0.self_attn.k_proj.weight",
    "model.layers.7.self_attn.v_proj.weight",
    "model.layers.14.self_attn.o_proj.weight",
    "model.layers.14.post_attention_layernorm.weight",
    "model.layers.21.mlp.gate_proj.weight",
    "model.layers.29.mlp.up_proj.weight",
    "model.layers.29.mlp.down_proj.weight",
    "model.norm.weight",
]


def collate(sequences, pad):
    """Right-padded ids, labels (-100 on prompt and padding) and mask; SmolLM2's pad is its EOS."""
    import torch

    longest = max(len(s["ids"]) for s in sequences)
    ids = [s["ids"] + [pad] * (longest - len(s["ids"])) for s in sequences]
    labels = [
        [-100] * s["start"] + s["ids"][s["start"] :] + [-100] * (longest - len(s["ids"])) for s in sequences
    ]
    mask = [[1] * len(s["ids"]) + [0] * (longest - len(s["ids"])) for s in sequences]
    return torch.tensor(ids), torch.tensor(labels), torch.tensor(mask)


def batch_logps(model, sequences, pad):
    """_get_batch_logps with average_log_prob=False: one sum for each sequence."""
    ids, labels, mask = collate(sequences, pad)
    return label_logps(model(ids, attention_mask=mask).logits, labels)


def label_logps(logits, labels):
    """Sum for each row of the log-probs of its labels other than -100, in fp32 or more."""
    logits = logits if logits.dtype.itemsize == 8 else logits.float()
    labels = labels[:, 1:].clone()
    kept = labels != -100
    labels[~kept] = 0
    per_token = logits[:, :-1].log_softmax(-1).gather(2, labels[:, :, None])[:, :, 0]
    return (per_token * kept).sum(-1)


def preference_loss(policy_chosen, policy_rejected, ref_chosen, ref_rejected, run):
    from torch.nn.functional import logsigmoid

    ref_logratios = 0 if run["reference_free"] else ref_chosen - ref_rejected
    logits = (policy_chosen - policy_rejected) - ref_logratios
    beta, smoothing = run["beta"], run["label_smoothing"]
    if run["loss"] == "ipo":
        return (logits - 1 / (2 * beta)) ** 2
    return -logsigmoid(beta * logits) * (1 - smoothing) - logsigmoid(-beta * logits) * smoothing


def micro_batch(model, pairs, reference, run, pad):
    """Losses of one micro-batch and what is logged of it, each a vector over its pairs."""
    import torch

    if run["loss"] == "sft":
        chosen = batch_logps(model, [p["chosen"] for p in pairs], pad)
        return -chosen, {"logps_chosen": chosen.detach()}
    both = batch_logps(model, [p["chosen"] for p in pairs] + [p["rejected"] for p in pairs], pad)
    chosen, rejected = both.split(len(pairs))
    ref_chosen = torch.stack([r[0] for r in reference])
    ref_rejected = torch.stack([r[1] for r in reference])
    losses = preference_loss(chosen, rejected, ref_chosen, ref_rejected, run)
    rewards_chosen = run["beta"] * (chosen - ref_chosen).detach()
    rewards_rejected = run["beta"] * (rejected - ref_rejected).detach()
    return losses, {
        "rewards_chosen": rewards_chosen,
        "rewards_rejected": rewards_rejected,
        "rewards_accuracies": (rewards_chosen > rewards_rejected).float(),
        "rewards_margins": rewards_chosen - rewards_rejected,
        "logps_chosen": chosen.detach(),
        "logps_rejected": rejected.detach(),
    }


def train(model, pairs, reference, run, pad, trained=None, named_tensors=NAMED):
    """Runs the steps; `trained` (name -> parameter) is what the optimiser changes, all of the model if not given."""
    import torch

    tensors = trained or dict(model.named_parameters())
    parameters = list(tensors.values())
    settings = {k: v for k, v in run["optimizer"].items() if k != "name"}
    optimizer = getattr(torch.optim, run["optimizer"]["name"])(parameters, lr=run["lr"], **settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / (run["warmup_steps"] + 1))
    )
    steps, named = [], {}
    parts = run["gradient_accumulation_steps"]
    size = BATCH_SIZE // parts
    for step, start in enumerate(STARTS[: run["steps"]]):
        logged = {}
        for part in range(parts):
            at = slice(start + part * size, start + (part + 1) * size)
            losses, values = micro_batch(model, pairs[at], reference[at], run, pad)
            (losses.mean() / parts).backward()
            for key, vector in {"losses": losses.detach(), **values}.items():
                logged.setdefault(key, []).extend(vector.tolist())
        if step == 0:
            named = {name: common.number(tensors[name].grad.norm()) for name in named_tensors}
        norm = torch.nn.utils.clip_grad_norm_(parameters, run["max_grad_norm"])
        lr = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step == 0 and trained is None:
            # Policy and reference are the same: which reward is larger is chance.
            logged.pop("rewards_accuracies", None)
        steps.append({
            "pairs": list(range(start, start + BATCH_SIZE)),
            "lr": common.number(lr),
            "loss": mean(logged.pop("losses")),
            "grad_norm": common.number(norm),
            **{key: mean(vector) for key, vector in logged.items()},
            **{f"{key}_each": [common.number(x) for x in vector]
               for key, vector in logged.items() if key.startswith("logps")},
        })
        print({k: v for k, v in steps[-1].items() if not isinstance(v, list)}, flush=True)
    return {"settings": run, "steps": steps, "gradient_norms_at_first_step": named}


def mean(values):
    return common.number(sum(values) / len(values))


def make(dtype=None, names=None):
    import torch

    tokenizer = common.plain(common.load_tokenizer())
    pad = tokenizer.pad_token_id
    pairs = [common.tokenize_pair(tokenizer, pair) for pair in common.load_pairs()]
    model = common.load_model(dtype)
    with torch.no_grad():
        reference = [batch_logps(model, [p["chosen"], p["rejected"]], pad) for p in pairs]
    runs = {}
    for name, changes in RUNS.items():
        if names and name not in names:
            continue
        print(name, flush=True)
        runs[name] = train(common.load_model(dtype), pairs, reference, {**DEFAULTS, **changes}, pad)
    return {
        "made_with": {"torch": torch.__version__},
        "data": "tests/fixtures/pairs.jsonl",
        "runs": runs,
    }
