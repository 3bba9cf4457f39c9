"""Summed log-probs of the responses of tests/fixtures/pairs.jsonl (plain prompts), one sequence at a time."""

import common


def sequence_logps(model, ids, start):
    """log p of ids[start:], summed in fp32, as the reference's _get_batch_logps."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, :-1]
    per_token = logits.log_softmax(-1).gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    return common.number(per_token[start - 1 :].sum())


def make():
    import torch

    tokenizer, model = common.plain(common.load_tokenizer()), common.load_model()
    pairs = []
    for pair in common.load_pairs():
        tokens = common.tokenize_pair(tokenizer, pair)
        pairs.append({
            "chosen_logps": sequence_logps(model, **tokens["chosen"]),
            "rejected_logps": sequence_logps(model, **tokens["rejected"]),
            "chosen_start": tokens["chosen"]["start"],
            "rejected_start": tokens["rejected"]["start"],
            "chosen_ids": tokens["chosen"]["ids"],
            "rejected_ids": tokens["rejected"]["ids"],
        })
    return {"made_with": {"torch": torch.__version__}, "data": "tests/fixtures/pairs.jsonl", "pairs": pairs}
