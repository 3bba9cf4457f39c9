"""The model that docs/add-a-model-family.md adds to oracle_families.py: what its commands would write for it.

Adapters are worked into the weights here, W + (alpha/r)·B·A, with the numbers of tests/models/family-adapters.ts: PEFT
would have to be given the folder that the project saves, which does not know the family.
"""

import common
import oracle_families
from oracle_families import GROUPED, uniform
from oracle_peft import COLUMNS

MODELS = {"stablelm": ("stablelm", dict(GROUPED, use_qkv_bias=True, partial_rotary_factor=0.5))}
R, ALPHA = 2, 6
MATRICES = [f"self_attn.{m}_proj" for m in "qkvo"] + [f"mlp.{m}_proj" for m in ["gate", "up", "down"]]


def with_adapters(model_type, settings, ids):
    """Logits of the model with adapters on all its matrices."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(model_type, **settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    for number, (name, parameter) in enumerate(model.named_parameters()):
        oracle_families.fill(number, name, parameter, False)
    number = 100

    def next_tensor(rows, columns):
        nonlocal number
        values = torch.from_numpy(0.1 * uniform(number, rows * columns)).float().reshape(rows, columns)
        number += 1
        return values

    with torch.no_grad():
        for layer in model.model.layers:
            for matrix in MATRICES:
                weight = layer.get_submodule(matrix).weight
                rows, columns = weight.shape
                a, b = next_tensor(R, columns), next_tensor(rows, R)
                weight += ALPHA / R * (b @ a)
        return model(torch.tensor([ids])).logits[0]


def make():
    models, adapted = {}, {}
    for name, model in MODELS.items():
        models[name] = oracle_families.one(*model)
        logits = with_adapters(*model, models[name]["ids"])
        adapted[name] = {
            "logsumexp": [common.number(x) for x in logits.logsumexp(-1)],
            "at_columns": [[common.number(x) for x in row[COLUMNS]] for row in logits],
        }
    return {"models": models, "adapted": adapted}
