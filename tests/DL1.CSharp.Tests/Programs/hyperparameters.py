import keras
import optuna
from keras import layers
from optuna_integration import KerasPruningCallback
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

x, x_validation, y, y_validation = train_test_split(*load_iris(return_X_y=True), test_size=0.3, random_state=1)
models = {}


def objective(trial):
    model = keras.Sequential([layers.Dense(trial.suggest_int("units", 4, 32), activation="relu"), layers.Dense(3)])
    optimizer = keras.optimizers.Adam(trial.suggest_float("rate", 1e-3, 1e-1, log=True))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(
        x, y, epochs=20, batch_size=64, validation_data=(x_validation, y_validation),
        callbacks=[KerasPruningCallback(trial, "val_loss")])
    models[trial.number] = model
    return history.history["val_loss"][-1]


study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1), pruner=optuna.pruners.MedianPruner(4, 5))
study.optimize(objective, n_trials=12)
print(study.trials_dataframe())
best = models[study.best_trial.number]
