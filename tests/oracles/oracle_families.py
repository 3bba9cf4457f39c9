"""Small models of every family, made by transformers from a configuration alone: logits, gradients and greedy tokens.

Weights come from a formula of integers (`values`), so that both sides have the same without storing them. A gradient
is told by its norm and its products with four pseudo-random vectors.
"""

import json

import common

BASE = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    vocab_size=64,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=None,
)
GROUPED = dict(BASE, num_key_value_heads=2)
OLD = dict(n_embd=32, n_inner=48, n_layer=2, n_head=4, vocab_size=64, n_positions=128, bos_token_id=1, eos_token_id=2)
LOCAL = ["sliding_attention", "full_attention", "sliding_attention"]
LLAMA3_ROPE = dict(
    rope_type="llama3",
    rope_theta=500000.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=16,
)
LONG_ROPE = dict(
    rope_type="longrope",
    rope_theta=10000.0,
    short_factor=[1.0, 1.1, 1.3, 1.8],
    long_factor=[2.0, 3.0, 4.0, 5.0],
    original_max_position_embeddings=64,
)

# Name -> model_type and settings. Windows are shorter than the sequence, caps low enough to bite.
MODELS = {
    "llama": ("llama", dict(GROUPED, tie_word_embeddings=True)),
    "llama-3-rope": ("llama", dict(GROUPED, rope_parameters=LLAMA3_ROPE)),
    "deepseek-coder": (
        "llama",
        dict(BASE, num_key_value_heads=4, rope_parameters=dict(rope_type="linear", rope_theta=1e5, factor=4.0)),
    ),
    "qwen2": ("qwen2", dict(GROUPED, tie_word_embeddings=True)),
    "mistral": ("mistral", dict(GROUPED, head_dim=12, sliding_window=6)),
    "qwen3": ("qwen3", dict(GROUPED, head_dim=12, tie_word_embeddings=True)),
    "gemma2": (
        "gemma2",
        dict(
            GROUPED,
            num_hidden_layers=3,
            head_dim=12,
            sliding_window=6,
            query_pre_attn_scalar=10,
            attn_logit_softcapping=2.0,
            final_logit_softcapping=3.0,
        ),
    ),
    "gemma3_text": (
        "gemma3_text",
        dict(
            GROUPED,
            num_hidden_layers=3,
            head_dim=12,
            sliding_window=6,
            query_pre_attn_scalar=10,
            layer_types=LOCAL,
            rope_parameters={
                "full_attention": dict(rope_type="linear", rope_theta=1e6, factor=8.0),
                "sliding_attention": dict(rope_type="default", rope_theta=1e4),
            },
        ),
    ),
    "starcoder2": ("starcoder2", dict(GROUPED, sliding_window=6)),
    "phi3": ("phi3", GROUPED),
    "phi3-longrope": ("phi3", dict(GROUPED, rope_parameters=LONG_ROPE, original_max_position_embeddings=64)),
    "gpt_neox": ("gpt_neox", dict(BASE, rotary_pct=0.5)),
    "gpt_neox-sequential": ("gpt_neox", dict(BASE, rotary_pct=0.25, use_parallel_residual=False)),
    "gpt2": ("gpt2", OLD),
    "gptj": ("gptj", dict(OLD, rotary_dim=4)),
}

LENGTH, SCORED_FROM, GREEDY_FROM, GREEDY = 20, 8, 12, 6
VECTORS, FIRST_VECTOR = 4, 9000


def uniform(number, count):
    """`count` numbers from -1 to 1; `number` tells one tensor's from another's."""
    import numpy as np

    mask = np.uint64(0xFFFFFFFF)
    h = ((np.arange(count, dtype=np.uint64) + np.uint64(1000003 * number)) * np.uint64(2654435761)) & mask
    h ^= h >> np.uint64(15)
    h = (h * np.uint64(2246822519)) & mask
    h ^= h >> np.uint64(13)
    h = (h * np.uint64(3266489917)) & mask
    h ^= h >> np.uint64(16)
    return h.astype(np.float64) / 2**31 - 1


def fill(number, name, parameter, zero_centred):
    """Gives a parameter its values; says how: offset + scale * uniform(number)."""
    import torch

    is_norm = parameter.ndim == 1 and name.endswith(".weight")
    offset = 1.0 if is_norm and not zero_centred else 0.0
    scale = 0.2 if parameter.ndim == 1 else 0.3
    values = offset + scale * uniform(number, parameter.numel())
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(values.astype("float32")).reshape(parameter.shape))
    return {"name": name, "shape": list(parameter.shape), "offset": offset, "scale": scale}


def gradient_of(parameter):
    import torch

    flat = parameter.grad.double().flatten()
    vectors = [torch.from_numpy(uniform(FIRST_VECTOR + k, flat.numel())) for k in range(VECTORS)]
    return [common.number(x) for x in [flat.norm(), *(flat @ v for v in vectors)]]


def one(model_type, settings):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(model_type, **settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    parameters = dict(model.named_parameters())
    zero_centred = model_type.startswith("gemma")
    tensors = [fill(i, name, p, zero_centred) for i, (name, p) in enumerate(parameters.items())]
    ids = [3 + (7 * i * i + 5 * i) % 61 for i in range(LENGTH)]
    logits = model(torch.tensor([ids])).logits[0]
    logps = logits.log_softmax(-1)[SCORED_FROM - 1 : -1]
    loss = -logps.gather(1, torch.tensor(ids[SCORED_FROM:])[:, None]).sum()
    loss.backward()
    gradients = {name: gradient_of(p) for name, p in parameters.items()}
    said, gaps = ids[:GREEDY_FROM], []
    with torch.no_grad():
        for _ in range(GREEDY):
            best = model(torch.tensor([said]), use_cache=False).logits[0, -1].topk(2)
            gaps.append(float(best.values[0] - best.values[1]))
            said = said + [int(best.indices[0])]
    return {
        "config": json.loads(config.to_json_string()),
        "class": type(model).__name__,
        "block": next(m for n, m in model.named_modules() if n.endswith(".0")).__class__.__name__,
        "tensors": tensors,
        "ids": ids,
        "scored_from": SCORED_FROM,
        "logits": [[common.number(x, 7) for x in row] for row in logits.tolist()],
        "loss": common.number(loss),
        "gradients": gradients,
        "greedy": {"from": GREEDY_FROM, "ids": said[GREEDY_FROM:], "smallest_gap": common.number(min(gaps), 3)},
    }


def make():
    import torch
    import transformers

    return {
        "made_with": {"torch": torch.__version__, "transformers": transformers.__version__},
        "first_vector": FIRST_VECTOR,
        "models": {name: one(*model) for name, model in MODELS.items()},
    }
