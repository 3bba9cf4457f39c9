"""Statistics of labels by krippendorff, scipy, statsmodels and scikit-learn."""

import warnings
from importlib.metadata import version

import krippendorff
import numpy as np
from scipy.stats import binomtest, bootstrap
from sklearn.linear_model import LogisticRegression
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

RESAMPLES = 4000
# Standard deviation of the prior of Bradley-Terry strengths.
PRIOR = 3.0


def make():
    return {
        "made_with": {p: version(p) for p in ["krippendorff", "scipy", "statsmodels", "scikit-learn", "numpy"]},
        "alpha": [alpha_case(*case) for case in [(1, 200, 3, 0.7), (2, 400, 4, 0.3), (3, 60, 2, 0.0), (4, 30, 5, 0.9)]],
        "kappa": [kappa_case(*case) for case in [(1, 3, 120, 0.6), (2, 4, 400, 0.2), (3, 3, 35, 0.0), (4, 2, 80, 0.9)]],
        "wilson": [wilson_case(k, n) for k, n in [(0, 7), (7, 7), (1, 3), (52, 100), (71, 180), (49_000, 100_000)]],
        "binomial": [
            {"successes": k, "trials": n, "p": binomtest(k, n).pvalue}
            for k, n in [(0, 1), (3, 6), (4, 6), (40, 100), (127, 180), (1_000, 2_130), (49_500, 100_000), (5_300, 10_000)]
        ],
        "length": [length_case(seed, n, p) for seed, n, p in [(1, 300, 0.6), (2, 80, 0.5)]],
        "bradley_terry": [duels_case(1, 4, 60), duels_case(2, 3, 15), unbeaten_case()],
    }


def alpha_case(seed, pairs, labelers, agreement):
    """Counts of four verdicts a pair; every labeler skips some pairs, and says with `agreement` what is right."""
    rng = np.random.default_rng(seed)
    right = rng.choice(4, pairs, p=[0.4, 0.35, 0.2, 0.05])
    said = np.where(rng.random((labelers, pairs)) < agreement, right, rng.choice(4, (labelers, pairs)))
    said[rng.random((labelers, pairs)) < 0.3] = -1
    counts = np.stack([(said == verdict).sum(axis=0) for verdict in range(4)], axis=1)
    counts = counts[counts.sum(axis=1) >= 2]

    def alpha(index):
        return krippendorff.alpha(value_counts=counts[index], level_of_measurement="nominal")

    low, high = interval(len(counts), alpha)
    return {"counts": counts.tolist(), "alpha": alpha(np.arange(len(counts))), "low": low, "high": high}


def interval(n, statistic):
    """Percentile interval of a statistic of indices."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = bootstrap(
            (np.arange(n),), statistic, method="percentile", n_resamples=RESAMPLES, vectorized=False, rng=np.random.default_rng(0)
        )
    return list(map(float, result.confidence_interval))


def kappa_case(seed, verdicts, pairs, agreement):
    rng = np.random.default_rng(seed)
    first = rng.choice(verdicts, pairs)
    second = np.where(rng.random(pairs) < agreement, first, rng.choice(verdicts, pairs))
    table = np.zeros((verdicts, verdicts), dtype=int)
    np.add.at(table, (first, second), 1)
    result = cohens_kappa(table)
    return {
        "table": table.tolist(),
        "kappa": float(result.kappa),
        "low": float(result.kappa_low),
        "high": float(result.kappa_upp),
    }


def wilson_case(successes, trials):
    low, high = proportion_confint(successes, trials, alpha=0.05, method="wilson")
    return {"successes": successes, "trials": trials, "low": float(low), "high": float(high)}


def length_case(seed, pairs, longer):
    rng = np.random.default_rng(seed)
    labels = rng.integers(1, 4, pairs)
    wins = rng.binomial(labels, rng.beta(4 * longer, 4 * (1 - longer), pairs))

    def share(index):
        return wins[index].sum() / labels[index].sum()

    low, high = interval(pairs, share)
    return {
        "wins": wins.tolist(),
        "labels": labels.tolist(),
        "share": float(share(np.arange(pairs))),
        "low": low,
        "high": high,
    }


def duels_case(seed, models, pairs):
    """`duels`: one row a pair of solutions, [first, second, wins, losses, ties]."""
    rng = np.random.default_rng(seed)
    strengths = np.linspace(-1, 1, models)
    duels = []
    for _ in range(pairs):
        i, j = sorted(rng.choice(models, 2, replace=False))
        win = 0.8 / (1 + np.exp(strengths[j] - strengths[i]))
        duels.append([int(i), int(j), *map(int, rng.multinomial(rng.integers(1, 4), [win, 0.8 - win, 0.2]))])
    duels = np.array(duels)
    samples = [fit(duels[rng.integers(0, pairs, pairs)], models) for _ in range(RESAMPLES)]
    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    return {
        "duels": duels.tolist(),
        "strengths": fit(duels, models).tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def unbeaten_case():
    """The first model won every time: without the prior its strength would be infinite."""
    duels = np.array([[0, 1, 5, 0, 0], [0, 2, 4, 0, 0], [1, 2, 2, 3, 1]])
    return {"duels": duels.tolist(), "strengths": fit(duels, 3).tolist()}


def fit(duels, models):
    """Logistic regression on differences of models, a tie half a win for each, with a normal prior."""
    features = np.zeros((len(duels), models))
    rows = np.arange(len(duels))
    features[rows, duels[:, 0]] = 1
    features[rows, duels[:, 1]] = -1
    weights = np.concatenate([duels[:, 2] + duels[:, 4] / 2, duels[:, 3] + duels[:, 4] / 2])
    model = LogisticRegression(C=PRIOR**2, fit_intercept=False, solver="newton-cholesky", tol=1e-10)
    model.fit(np.concatenate([features, features]), rows.size * [1] + rows.size * [0], weights)
    return model.coef_[0]
