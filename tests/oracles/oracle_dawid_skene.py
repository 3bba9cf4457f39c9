"""Dawid and Skene's model (Applied Statistics 28, 1979) fitted by EM with NumPy, and the majority of the votes.

Votes are drawn from labelers of known reliability, some of whom never look at the item.
"""

import numpy as np

TINY = 1e-10
RUNS = {
    "reliable labelers": dict(seed=1, items=40, labelers=6, votes=4, accuracy=[0.9] * 6, classes=4),
    "two always give one answer": dict(seed=2, items=60, labelers=7, votes=7, accuracy=[0.8] * 5 + [0, 0], classes=2),
    "sparse, four classes": dict(seed=3, items=120, labelers=12, votes=3, accuracy=[0.85] * 8 + [0.4] * 2 + [0, 0], classes=4),
    "one vote an item": dict(seed=4, items=15, labelers=3, votes=1, accuracy=[0.7] * 3, classes=4),
}
ITERATIONS = 12


def make():
    return {"made_with": {"numpy": np.__version__}, "runs": {name: run(**settings) for name, settings in RUNS.items()}}


def run(seed, items, labelers, votes, accuracy, classes):
    random = np.random.default_rng(seed)
    truth = random.integers(classes, size=items)
    rows = []
    for item in range(items):
        for labeler in sorted(random.choice(labelers, size=votes, replace=False)):
            if accuracy[labeler] == 0:
                answer = 0
            elif random.random() < accuracy[labeler]:
                answer = truth[item]
            else:
                answer = random.integers(classes)
            rows.append((item, int(labeler), int(answer)))
    item_V, labeler_V, answer_V = np.array(rows).T
    counts_IK = np.zeros((items, classes))
    np.add.at(counts_IK, (item_V, answer_V), 1)
    posteriors_IK, priors_K, answers_LAK = em(item_V, labeler_V, answer_V, counts_IK, labelers)
    most = counts_IK.max(axis=1, keepdims=True)
    return {
        "votes": [item_V.tolist(), labeler_V.tolist(), answer_V.tolist()],
        "counts": [items, labelers, classes],
        "truth": truth.tolist(),
        "iterations": ITERATIONS,
        "posteriors": posteriors_IK.round(9).tolist(),
        "priors": priors_K.round(9).tolist(),
        "answers": answers_LAK.round(9).tolist(),
        # -1 where two have most votes.
        "majority": np.where((counts_IK == most).sum(axis=1) == 1, counts_IK.argmax(axis=1), -1).tolist(),
    }


def em(item_V, labeler_V, answer_V, counts_IK, labelers):
    items, classes = counts_IK.shape
    n_ILA = np.zeros((items, labelers, classes))
    np.add.at(n_ILA, (item_V, labeler_V, answer_V), 1)
    given_LA1 = (n_ILA.sum(axis=0) > 0)[:, :, None]

    def maximise(t_IK):
        weight_LAK = np.where(given_LA1, np.maximum(np.einsum("ik,ila->lak", t_IK, n_ILA), TINY), 0)
        total_L1K = weight_LAK.sum(axis=1, keepdims=True)
        return weight_LAK / np.where(total_L1K == 0, 1, total_L1K), t_IK.mean(axis=0)

    t_IK = counts_IK / counts_IK.sum(axis=1, keepdims=True)
    p_LAK, prior_K = maximise(t_IK)
    for _ in range(ITERATIONS):
        log_LAK = np.log(np.where(p_LAK == 0, 1, p_LAK))
        score_IK = np.log(np.maximum(prior_K, TINY)) + np.einsum("ila,lak->ik", n_ILA, log_LAK)
        t_IK = np.exp(score_IK - score_IK.max(axis=1, keepdims=True))
        t_IK /= t_IK.sum(axis=1, keepdims=True)
        p_LAK, prior_K = maximise(t_IK)
    return t_IK, prior_K, p_LAK
