import keras
from homes import kind, numbers, price, words
from keras import layers

of_words, of_numbers = keras.Input((3,), dtype="int64"), keras.Input((2,))
seen = layers.Flatten()(layers.Embedding(5, 8)(of_words))
hidden = layers.Dense(32, activation="relu")(layers.Concatenate()([seen, of_numbers]))
outputs = {"price": layers.Dense(1, name="price")(hidden), "kind": layers.Dense(5, name="kind")(hidden)}
model = keras.Model([of_words, of_numbers], outputs)
model.compile(
    keras.optimizers.Adam(1e-2),
    {"price": "mse", "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    metrics={"price": [keras.metrics.RootMeanSquaredError()], "kind": ["accuracy"]})
model.fit([words, numbers], {"price": price, "kind": kind}, epochs=30)
predicted = model.predict([words, numbers])
prices, logits = predicted["price"], predicted["kind"]
