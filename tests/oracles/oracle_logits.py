"""Logits of SmolLM2 in fp32 at every position of a few prompts: a summary of each row of 49152."""

import common

# Prompts for logits and for greedy continuation: code, text, a chat, other scripts.
PROMPTS = [
    {"format": "plain", "text": 'def fibonacci(n):\n    """Return the n-th Fibonacci number."""\n    '},
    {"format": "plain", "text": "import math\n\ndef area(radius):\n    return"},
    {"format": "chat", "text": "Write a Python function that reverses a string."},
    {"format": "plain", "text": "# Sort a list of 100 numbers with quicksort\ndef quicksort(numbers):\n"},
    {"format": "chat", "text": "Was ist 12 + 30? Antworte kurz: größer als 40?"},
]

# Columns of the logits that are kept for each position.
COLUMNS = [0, 1, 2, 28, 198, 216, 284, 1003, 2683, 5000, 9690, 17000, 25000, 33000, 41000, 49151]


def prompt_ids(tokenizer, prompt):
    if prompt["format"] == "plain":
        return common.encode(tokenizer, prompt["text"])
    messages = [{"role": "user", "content": prompt["text"]}]
    return list(tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"])


def make():
    import torch

    tokenizer, model = common.load_tokenizer(), common.load_model()
    prompts = []
    for prompt in PROMPTS:
        ids = prompt_ids(tokenizer, prompt)
        with torch.no_grad():
            rows = model(torch.tensor([ids])).logits[0]
        prompts.append({
            **prompt,
            "ids": ids,
            "argmax": rows.argmax(-1).tolist(),
            "max": [common.number(x) for x in rows.max(-1).values],
            "logsumexp": [common.number(x) for x in rows.logsumexp(-1)],
            "mean": [common.number(x) for x in rows.mean(-1)],
            "at_columns": [[common.number(x) for x in row[COLUMNS]] for row in rows],
        })
    return {"made_with": {"torch": torch.__version__}, "columns": COLUMNS, "prompts": prompts}
