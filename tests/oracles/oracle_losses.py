"""Losses and their gradients with respect to every token's log-prob, from TRL's own `_compute_loss`.

TRL's trainers are not constructed: `_compute_loss` runs on an object that has what it reads, and on a model that hands
out given log-probs.
"""

import math
from types import SimpleNamespace

import torch
import trl
from trl.experimental.cpo.cpo_trainer import CPOTrainer
from trl.experimental.orpo.orpo_trainer import ORPOTrainer
from trl.trainer.dpo_trainer import DPOTrainer
from trl.trainer.kto_trainer import KTOTrainer

PROMPTS = [3, 2, 4, 3]
CHOSEN = [5, 3, 6, 1]
REJECTED = [4, 6, 2, 3]
WIDTH = max(p + max(c, r) for p, c, r in zip(PROMPTS, CHOSEN, REJECTED))


class Numbers:
    """The same numbers everywhere, without a generator that might change."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, low, high):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return round(low + (high - low) * self.state / 2**31, 4)


def rows(numbers, low, high):
    """One list of numbers a sequence, chosen first: one for each token of its response."""
    return [[numbers(low, high) for _ in range(n)] for n in CHOSEN + REJECTED]


def padded(values):
    """[sequences, WIDTH - 1] as TRL has them: position t is of token t + 1, zero outside of the response."""
    result = torch.zeros(len(values), WIDTH - 1)
    for i, row in enumerate(values):
        start = PROMPTS[i % len(PROMPTS)] - 1
        result[i, start : start + len(row)] = torch.tensor(row)
    return result


def masks():
    completion = torch.zeros(len(CHOSEN + REJECTED), WIDTH, dtype=torch.long)
    attention = torch.zeros_like(completion)
    for i, n in enumerate(CHOSEN + REJECTED):
        start = PROMPTS[i % len(PROMPTS)]
        completion[i, start : start + n] = 1
        attention[i, : start + n] = 1
    return completion, attention


class Model(torch.nn.Module):
    is_gradient_checkpointing = False

    def __init__(self, log_probs, log_sum_sq_probs):
        super().__init__()
        shape = log_probs.shape
        self.output = SimpleNamespace(
            log_probs=log_probs,
            log_sum_sq_probs=log_sum_sq_probs,
            entropy=torch.zeros(shape),
            mean_logits=torch.zeros(shape),
            is_top1=torch.zeros(shape, dtype=torch.bool),
        )

    def forward(self, **_):
        return self.output


class Metrics(dict):
    def __missing__(self, key):
        self[key] = []
        return self[key]


ACCELERATOR = SimpleNamespace(
    device=torch.device("cpu"),
    gather=lambda x: x,
    gather_for_metrics=lambda x: x,
    unwrap_model=lambda x: x,
)


def dpo(policy, reference, alignment, settings):
    completion, attention = masks()
    options = {
        "beta": 0.1,
        "label_smoothing": 0.0,
        "ld_alpha": None,
        "f_divergence_type": "reverse_kl",
        "f_alpha_divergence_coef": 0.5,
        "use_weighting": False,
        "loss_weights": None,
        "discopop_tau": 0.05,
        **settings,
    }
    trainer = SimpleNamespace(
        **{k: v for k, v in options.items() if k not in ("discopop_tau", "loss_types", "loss_weights")},
        loss_types=options["loss_types"],
        loss_weights=options["loss_weights"] or [1.0] * len(options["loss_types"]),
        args=SimpleNamespace(discopop_tau=options["discopop_tau"], gradient_checkpointing_kwargs=None),
        accelerator=ACCELERATOR,
        ref_model=Model(reference, alignment),
        precompute_ref_logps=False,
        aux_loss_enabled=False,
        _metrics={"train": Metrics()},
        _total_train_tokens=0,
        _tp_size=1,
    )
    inputs = {
        "input_ids": torch.zeros_like(completion),
        "attention_mask": attention,
        "completion_mask": completion,
    }
    model = Model(policy, alignment)
    trainer.model = model
    loss = DPOTrainer._compute_loss(trainer, model, inputs, False)
    metrics = trainer._metrics["train"]
    return loss, [metrics["rewards/chosen"][-1], metrics["rewards/rejected"][-1]]


def averages(policy):
    completion, _ = masks()
    mask = completion[:, 1:]
    return ((policy * mask).sum(-1) / mask.sum(-1)).chunk(2)


def simpo(policy, settings):
    chosen, rejected = averages(policy)
    trainer = SimpleNamespace(alpha=0.0, loss_type="simpo", accelerator=ACCELERATOR, **settings)
    losses, chosen_rewards, rejected_rewards = CPOTrainer.cpo_loss(trainer, chosen, rejected)
    return losses.mean(), [chosen_rewards.mean().item(), rejected_rewards.mean().item()]


def orpo(policy, prompt_logps, settings):
    """As ORPOTrainer.get_batch_loss_metrics combines the two parts; the likelihood is a mean over all tokens."""
    chosen, rejected = averages(policy)
    trainer = SimpleNamespace(accelerator=ACCELERATOR, **settings)
    losses, chosen_rewards, rejected_rewards, *_ = ORPOTrainer.odds_ratio_loss(trainer, chosen, rejected)
    completion, _ = masks()
    responses = (policy * completion[:, 1:])[: len(CHOSEN)].sum()
    tokens = sum(CHOSEN) + sum(len(row) for row in prompt_logps)
    likelihood = -(responses + sum(sum(row) for row in prompt_logps)) / tokens
    return likelihood - losses.mean(), [chosen_rewards.mean().item(), rejected_rewards.mean().item()]


def kto(policy, reference, mismatched, settings):
    """Every response is an example: chosen ones are desirable. `mismatched`: log-probs of policy and reference."""
    completion, attention = masks()
    labels = [True] * len(CHOSEN) + [False] * len(REJECTED)
    kl = [torch.tensor(side) for side in mismatched]
    trainer = SimpleNamespace(
        beta=settings["beta"],
        desirable_weight=settings["desirable_weight"],
        undesirable_weight=settings["undesirable_weight"],
        loss_type="kto",
        calculate_KL=True,
        accelerator=ACCELERATOR,
        args=SimpleNamespace(gradient_checkpointing_kwargs=None),
        ref_model=Model(reference, torch.zeros_like(reference)),
        precompute_ref_logps=False,
        aux_loss_enabled=False,
        _metrics={"train": Metrics()},
        _total_train_tokens=0,
        _tp_size=1,
    )
    model = Model(policy, torch.zeros_like(policy))
    trainer.model = model
    trainer._compute_kl_logps = lambda asked, _: kl[0] if asked is model else kl[1]
    inputs = {
        "input_ids": torch.zeros_like(completion),
        "attention_mask": attention,
        "completion_mask": completion,
        "label": torch.tensor(labels),
    }
    return KTOTrainer._compute_loss(trainer, model, inputs, False), None


# Settings as TRL names them, and `loss_types` of DPOTrainer unless a trainer is named.
RUNS = {
    "dpo": {"loss_types": ["sigmoid"]},
    "hinge": {"loss_types": ["hinge"], "beta": 0.3},
    "ipo": {"loss_types": ["ipo"]},
    "exo_pair": {"loss_types": ["exo_pair"], "label_smoothing": 1e-3},
    "nca_pair": {"loss_types": ["nca_pair"]},
    "robust": {"loss_types": ["robust"], "label_smoothing": 0.1},
    "bco_pair": {"loss_types": ["bco_pair"]},
    "sppo_hard": {"loss_types": ["sppo_hard"], "beta": 0.5},
    "aot": {"loss_types": ["aot"], "label_smoothing": 0.1},
    "aot_unpaired": {"loss_types": ["aot_unpaired"]},
    "apo_zero": {"loss_types": ["apo_zero"]},
    "apo_down": {"loss_types": ["apo_down"]},
    "discopop": {"loss_types": ["discopop"]},
    "sigmoid_norm": {"loss_types": ["sigmoid_norm"], "beta": 2.0},
    "dpo, forward KL": {"loss_types": ["sigmoid"], "f_divergence_type": "forward_kl"},
    "dpo, Jensen-Shannon": {"loss_types": ["sigmoid"], "f_divergence_type": "js_divergence"},
    "dpo, alpha 0.3": {
        "loss_types": ["sigmoid"],
        "f_divergence_type": "alpha_divergence",
        "f_alpha_divergence_coef": 0.3,
    },
    "ipo, Jensen-Shannon": {"loss_types": ["ipo"], "f_divergence_type": "js_divergence"},
    "dpo, ld_alpha": {"loss_types": ["sigmoid"], "ld_alpha": 0.4},
    "dpo, WPO": {"loss_types": ["sigmoid"], "use_weighting": True},
    "mixture": {"loss_types": ["sigmoid", "bco_pair", "sft"], "loss_weights": [0.8, 0.2, 1.0]},
    "dpo and sft, ld_alpha": {"loss_types": ["sigmoid", "sft"], "loss_weights": [1.0, 0.1], "ld_alpha": 0.0},
    "simpo": {"trainer": "simpo", "beta": 2.0, "simpo_gamma": 1.0, "label_smoothing": 0.0},
    "simpo, smoothed": {"trainer": "simpo", "beta": 2.5, "simpo_gamma": 0.5, "label_smoothing": 0.1},
    "orpo": {"trainer": "orpo", "beta": 0.1},
    "kto": {"trainer": "kto", "beta": 0.1, "desirable_weight": 1.0, "undesirable_weight": 1.0},
    "kto, weighted": {"trainer": "kto", "beta": 0.3, "desirable_weight": 1.5, "undesirable_weight": 0.7},
}


def make():
    numbers = Numbers(7)
    policy_rows = rows(numbers, -4, -0.1)
    reference_rows = rows(numbers, -4, -0.1)
    alignment_rows = rows(numbers, -1.5, -0.1)
    prompt_rows = [[numbers(-4, -0.1) for _ in range(n - 1)] for n in PROMPTS]
    mismatched = [[numbers(-30, -20) for _ in CHOSEN + REJECTED], [numbers(-33, -23) for _ in CHOSEN + REJECTED]]
    completion, _ = masks()
    reference, alignment = padded(reference_rows), padded(alignment_rows)
    runs = {}
    for name, settings in RUNS.items():
        policy = padded(policy_rows).requires_grad_()
        own = {k: v for k, v in settings.items() if k != "trainer"}
        match settings.get("trainer"):
            case "simpo":
                loss, rewards = simpo(policy, own)
            case "orpo":
                loss, rewards = orpo(policy, prompt_rows, own)
            case "kto":
                loss, rewards = kto(policy, reference, mismatched, own)
            case _:
                loss, rewards = dpo(policy, reference, alignment, own)
        loss.backward()
        assert math.isfinite(loss.item())
        gradients = [row[mask.bool()].tolist() for row, mask in zip(policy.grad, completion[:, 1:])]
        runs[name] = {"settings": settings, "loss": loss.item(), "rewards": rewards, "gradients": gradients}
    return {
        "made_with": {"trl": trl.__version__, "torch": torch.__version__},
        "policy": policy_rows,
        "reference": reference_rows,
        "log_sum_sq_probs": alignment_rows,
        "prompts": prompt_rows,
        "mismatched": mismatched,
        "runs": runs,
    }
