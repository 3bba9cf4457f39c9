"""Greedy continuation, 64 tokens: the whole sequence goes through the model for every token, EOS is a token."""

import common
from oracle_logits import PROMPTS, prompt_ids

TOKENS = 64


def make():
    import torch

    tokenizer, model = common.load_tokenizer(), common.load_model()
    prompts = []
    for prompt in PROMPTS:
        ids = prompt_ids(tokenizer, prompt)
        start, gaps = len(ids), []
        for _ in range(TOKENS):
            with torch.no_grad():
                best = model(torch.tensor([ids])).logits[0, -1].topk(2)
            gaps.append(float(best.values[0] - best.values[1]))
            ids.append(int(best.indices[0]))
        prompts.append({
            **prompt,
            "ids": ids[:start],
            "continuation": ids[start:],
            "text_out": tokenizer.decode(ids[start:], clean_up_tokenization_spaces=False),
            "smallest_gap": common.number(min(gaps), 4),
        })
    return {"made_with": {"torch": torch.__version__}, "tokens": TOKENS, "prompts": prompts}
