"""Updates of torch.optim from given gradients, and learning rates of transformers' schedules."""

import torch
from transformers import get_scheduler

WEIGHTS = [0.5, -1.25, 0.003, 2.0, -0.75, 1e-5]
STEPS = 5
RULES = {
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01),
    "SGD": lambda p: torch.optim.SGD(p, lr=0.01),
}
UPDATES, WARMUP = 20, 4


def gradient(step):
    """Of very different sizes, so that a misplaced epsilon shows."""
    return [(-1) ** (i + step) * 10.0 ** (2 - 2 * i) * (1 + 0.3 * step) for i in range(len(WEIGHTS))]


def make():
    values = {}
    for name, rule in RULES.items():
        weight = torch.nn.Parameter(torch.tensor(WEIGHTS))
        optimizer = rule([weight])
        values[name] = []
        for step in range(STEPS):
            weight.grad = torch.tensor(gradient(step))
            optimizer.step()
            values[name].append(weight.tolist())
    rates = {}
    for name in ["constant_with_warmup", "linear", "cosine"]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        schedule = get_scheduler(name, optimizer, num_warmup_steps=WARMUP, num_training_steps=UPDATES)
        rates[name] = []
        for _ in range(UPDATES):
            rates[name].append(schedule.get_last_lr()[0])
            optimizer.step()
            schedule.step()
    return {
        "made_with": {"torch": torch.__version__},
        "weights": WEIGHTS,
        "lr": 0.01,
        "gradients": [gradient(step) for step in range(STEPS)],
        "values": values,
        "warmup_steps": WARMUP,
        "rates": rates,
    }
