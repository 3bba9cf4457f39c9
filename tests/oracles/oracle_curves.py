"""Ten updates of DPO on SmolLM2 without warm-up: in fp32 with both optimisers, and in bf16 autocast.

Policy and reference start equal, weights and optimiser are fp32. Short pairs, two for each update, seen again and
again, so that the loss falls. In bf16 every way to lay a batch out rounds differently, and the curves part: each
layout has its own run, and together they tell how far apart PyTorch's own curves are.
"""

import contextlib

import common
from oracle_training import ADAMW, DEFAULTS, RMSPROP, collate, label_logps, mean, preference_loss

# Indices of the pairs of the updates, in turn.
BATCHES = [[0, 1], [6, 10]]

CURVE = {**DEFAULTS, "batch_size": 2, "steps": 10}

RUNS = {
    "adamw": {**CURVE, "optimizer": ADAMW, "lr": 2e-6},
    "rmsprop": {**CURVE, "optimizer": RMSPROP, "lr": 5e-7},
}


def right(model, chosen, rejected, pad):
    """One batch, chosen before rejected, padded on the right."""
    ids, labels, mask = collate(chosen + rejected, pad)
    return label_logps(model(ids, attention_mask=mask).logits, labels).split(len(chosen))


def left(model, chosen, rejected, pad):
    """One batch, padded on the left."""
    import torch

    ids, labels, mask = collate(chosen + rejected, pad)
    lengths = mask.sum(-1).tolist()
    ids, labels, mask = (
        torch.stack([row.roll(len(row) - n) for row, n in zip(rows, lengths)]) for rows in (ids, labels, mask)
    )
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    logits = model(ids, attention_mask=mask, position_ids=positions).logits
    return label_logps(logits, labels).split(len(chosen))


def apart(model, chosen, rejected, pad):
    """Chosen and rejected in batches of their own."""
    return right(model, chosen, [], pad)[0], right(model, rejected, [], pad)[0]


# Name -> (layout, pairs of a micro-batch).
LAYOUTS = {"right": (right, 2), "left": (left, 2), "apart": (apart, 2), "single": (apart, 1)}


def train(model, pairs, run, pad, logps, size, autocast):
    """Updates with micro-batches of `size` pairs; `logps` lays a micro-batch out and scores it."""
    import torch

    def scored(indices):
        with autocast():
            return logps(model, *([pairs[i][side] for i in indices] for side in ("chosen", "rejected")), pad)

    # The reference is laid out, and rounds, as the policy: the first loss is ln 2.
    parts = [[batch[at : at + size] for at in range(0, len(batch), size)] for batch in BATCHES]
    with torch.no_grad():
        reference = [[scored(part) for part in batch] for batch in parts]
    parameters = list(model.parameters())
    settings = {k: v for k, v in run["optimizer"].items() if k != "name"}
    optimizer = getattr(torch.optim, run["optimizer"]["name"])(parameters, lr=run["lr"], **settings)
    steps = []
    for step in range(run["steps"]):
        logged = {"losses": [], "rewards_chosen": [], "rewards_rejected": []}
        which = step % len(BATCHES)
        for part, (ref_chosen, ref_rejected) in zip(parts[which], reference[which]):
            chosen, rejected = scored(part)
            losses = preference_loss(chosen, rejected, ref_chosen, ref_rejected, run)
            (losses.sum() / len(BATCHES[which])).backward()
            for key, vector in {
                "losses": losses,
                "rewards_chosen": run["beta"] * (chosen - ref_chosen),
                "rewards_rejected": run["beta"] * (rejected - ref_rejected),
            }.items():
                logged[key] += vector.tolist()
        norm = torch.nn.utils.clip_grad_norm_(parameters, run["max_grad_norm"])
        optimizer.step()
        optimizer.zero_grad()
        steps.append({
            "pairs": BATCHES[which],
            "loss": mean(logged.pop("losses")),
            "grad_norm": common.number(norm),
            **{key: mean(vector) for key, vector in logged.items()},
        })
        print(steps[-1], flush=True)
    return steps


def inputs():
    tokenizer = common.plain(common.load_tokenizer())
    return [common.tokenize_pair(tokenizer, pair) for pair in common.load_pairs()], tokenizer.pad_token_id


def make():
    import torch

    pairs, pad = inputs()
    runs = {}
    for name, run in RUNS.items():
        print(name, flush=True)
        steps = train(common.load_model(), pairs, run, pad, right, 2, contextlib.nullcontext)
        runs[name] = {"settings": run, "steps": steps}
    return {"made_with": {"torch": torch.__version__}, "data": "tests/fixtures/pairs.jsonl", "runs": runs}
