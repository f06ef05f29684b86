import keras
import numpy
from keras import layers
from sklearn.model_selection import train_test_split

text = "the cat sat on the mat, and the dog sat by the door. " * 30
letters = layers.StringLookup(vocabulary=sorted(set(text)))
ids = letters(list(text)).numpy()
count = (len(ids) - 1) // 32
x, y = ids[: count * 32].reshape(count, 32), ids[1 : count * 32 + 1].reshape(count, 32)
x, x_test, y, y_test = train_test_split(x, y, test_size=0.1, random_state=1)
model = keras.Sequential([
    layers.Embedding(letters.vocabulary_size(), 32), layers.LSTM(64, return_sequences=True),
    layers.Dense(letters.vocabulary_size())])
model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, epochs=12, batch_size=8, validation_data=(x_test, y_test))
bits = model.evaluate(x_test, y_test) / numpy.log(2)
written = "the "
for _ in range(60):
    scores = model.predict(letters([list(written)]))[0, -1] / 0.5
    chances = numpy.exp(scores - scores.max())
    written += letters.get_vocabulary()[numpy.random.choice(len(chances), p=chances / chances.sum())]
