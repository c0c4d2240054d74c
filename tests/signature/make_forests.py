"""Make the forests that tests read, with the programs that people make forests with: run it where they are installed.

    pip install xgboost==2.1.4 lightgbm==4.6.0 treelite==4.4.1 && python tests/signature/make_forests.py

XGBoost 2.1 is the last one that still writes its old binary format. Each file is named NAME.SUFFIX: a regression over
four features, a binary classification, one of three classes.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent / "data" / "forests"


def main(target: Path = HERE) -> None:
    """Write every file into ``target``."""
    import lightgbm
    import numpy as np
    import treelite
    import xgboost

    rng = np.random.default_rng(7)
    x = rng.random((64, 4), dtype=np.float32)
    number = x @ np.array([1, 2, 3, 4], np.float32)
    kinds = {
        "regression": (number, "reg:squarederror", "regression", {}),
        "binary": ((number > 5).astype(int), "binary:logistic", "binary", {}),
        "classes": (np.digitize(number, [4, 6]), "multi:softprob", "multiclass", {"num_class": 3}),
    }
    target.mkdir(parents=True, exist_ok=True)
    for name, (y, objective, light, more) in kinds.items():
        booster = xgboost.train(
            {"objective": objective, "max_depth": 2, **more}, xgboost.DMatrix(x, label=y), num_boost_round=2
        )
        for suffix in ("json", "ubj", "deprecated"):
            booster.save_model(target / f"{name}.{suffix}")
        (target / f"{name}.deprecated").rename(target / f"{name}.model")
        treelite.frontend.from_xgboost(booster).serialize(str(target / f"{name}.tl"))
        params = {"objective": light, "num_leaves": 3, "min_data_in_leaf": 2, "verbose": -1, "seed": 1, **more}
        lightgbm.train(params, lightgbm.Dataset(x, label=y), num_boost_round=2).save_model(target / f"{name}.txt")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
